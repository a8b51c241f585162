import jax
import numpy as np
import pytest

from pgd2jax import infer


@pytest.fixture(scope="session")
def far(network):
    """A despeckler whose output depends on all pixels within its reach."""
    return infer.Despeckler(*network, config={})


@pytest.fixture(scope="session")
def white_far(network):
    """The same, of a network that is given white samples."""
    model = network[0].clone(phase_as="white_samples")
    image = np.ones((1, model.stride, model.stride, 1), np.float32)
    params = jax.jit(model.init)(jax.random.key(0), image, image)["params"]
    noise = np.random.default_rng(1)
    params = jax.tree.map(
        lambda x: np.asarray(x) + 0.05 * noise.normal(size=x.shape).astype("f4"), params
    )
    return infer.Despeckler(model, params, config={})
