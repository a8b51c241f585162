import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.models import dbdnet


@pytest.fixture(scope="module")
def network():
    """Returns a small DBDNet, its parameters and inputs."""
    net = dbdnet.DBDNet(8, (1, 2, 1), heads=2, window=4, exchange="windows")
    keys = jax.random.split(jax.random.key(0), 3)
    image, speckle = jax.random.normal(keys[0], (2, 1, 32, 32, 1))
    noise = jax.random.normal(keys[1], (1, 16, 16, 8))
    inputs = image, speckle, noise, jnp.ones((1, 2))
    return net, net.init(keys[2], *inputs)["params"], inputs


def test_untrained_estimate_is_the_image_less_the_speckle(network):
    net, params, inputs = network
    found = net.apply({"params": params}, *inputs)
    np.testing.assert_allclose(found, inputs[0] - inputs[1], atol=1e-6)


def test_both_branches_ask_before_either_has_learnt(network):
    net, params, inputs = network
    asked = params["clean_asks_noise"]
    louder = params | {
        "clean_asks_noise": asked | {"out": jax.tree.map(lambda x: x + 1, asked["out"])}
    }

    def answers(params):
        _, seen = net.apply({"params": params}, *inputs, capture_intermediates=True)
        seen = seen["intermediates"]
        return [seen[name]["__call__"][0] for name in asking]

    asking = ("clean_asks_noise", "noise_asks_clean")
    before, after = answers(params), answers(louder)
    assert np.abs(after[0] - before[0]).max() > 0.5
    np.testing.assert_array_equal(after[1], before[1])
