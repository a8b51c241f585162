import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.train import state

RATE = 1e-3


@functools.cache
def first_step(muon):
    """Returns the change of each weight in the first step, by its name."""
    shapes = {
        "conv": {"kernel": (3, 3, 8, 16), "bias": (16,)},
        "dense": {"kernel": (16, 24), "bias": (24,)},
        "head": {"kernel": (3, 3, 16, 4), "bias": (4,)},
    }
    rng = np.random.default_rng(0)
    grads = jax.tree.map(
        lambda shape: jnp.asarray(rng.normal(size=shape), jnp.float32),
        shapes,
        is_leaf=lambda x: isinstance(x, tuple),
    )
    params = jax.tree.map(jnp.zeros_like, grads)
    tx = state.optimiser(
        10, muon=muon, learning_rate=RATE, warmup_steps=1, weight_decay=0.0, clip=1e9
    )
    update = jax.jit(tx.update)
    before = update(grads, tx.init(params), params)[1]
    return update(grads, before, params)[0]


@pytest.mark.parametrize("name", ["conv", "dense"])
def test_steps_of_kernels_have_the_size_of_adamw_and_no_direction_of_their_own(name):
    matrix = np.asarray(first_step(muon=True)[name]["kernel"])
    matrix = matrix.reshape(-1, matrix.shape[-1])
    values = np.linalg.svd(matrix, compute_uv=False)
    # Newton and Schulz's iteration takes singular values to 0.7 to 1.2 of each other.
    assert values.max() / values.min() < 1.8
    rms = np.sqrt(np.mean(matrix**2))
    assert rms == pytest.approx(0.2 * RATE, rel=0.25)


@pytest.mark.parametrize(
    ("name", "weight"), [("conv", "bias"), ("dense", "bias"), ("head", "kernel")]
)
def test_heads_and_biases_take_steps_of_adamw(name, weight):
    # Of one size whatever the gradient, near the rate: Nesterov looks a step ahead.
    step = np.abs(first_step(muon=True)[name][weight])
    np.testing.assert_allclose(step, step.mean(), rtol=1e-3)
    assert step.mean() == pytest.approx(RATE, rel=0.2)


@pytest.mark.parametrize("name", ["conv", "dense", "head"])
def test_adamw_alone_takes_steps_of_the_rate_whatever_the_gradient(name):
    step = np.abs(first_step(muon=False)[name]["kernel"])
    np.testing.assert_allclose(step, RATE, rtol=1e-3)


@pytest.mark.parametrize("muon", [True, False])
def test_inner_kernels_decay_and_the_rate_ends_at_a_hundredth(muon):
    params = {"conv": {"kernel": jnp.ones((3, 3, 8, 16)), "bias": jnp.ones(16)}}
    params["head"] = {"kernel": jnp.ones((3, 3, 16, 4))}
    nothing = jax.tree.map(jnp.zeros_like, params)
    tx = state.optimiser(
        4, muon=muon, learning_rate=RATE, warmup_steps=2, weight_decay=0.1, clip=1e9
    )
    update, before, steps = jax.jit(tx.update), tx.init(params), []
    for _ in range(5):
        step, before = update(nothing, before, params)
        steps.append(step)
        assert not np.any(step["conv"]["bias"])
        assert not np.any(step["head"]["kernel"])
    decay = np.array([step["conv"]["kernel"].mean() for step in steps]) / (-0.1 * RATE)
    np.testing.assert_allclose(decay, [0, 0.5, 1, 0.505, 0.01], rtol=1e-4)


def test_kernels_of_one_shape_step_as_if_alone():
    rng = np.random.default_rng(0)
    one, other = jnp.asarray(rng.normal(size=(2, 3, 3, 8, 16)), jnp.float32)
    tx = state.optimiser(
        10, muon=True, learning_rate=RATE, warmup_steps=0, weight_decay=0.1, clip=1e9
    )

    @jax.jit
    def step(params):
        return tx.update(params, tx.init(params), params)[0]

    together = step({"a": {"kernel": one}, "b": {"kernel": other}})
    for name, kernel in {"a": one, "b": other}.items():
        alone = step({name: {"kernel": kernel}})[name]["kernel"]
        np.testing.assert_allclose(
            together[name]["kernel"], alone, rtol=0, atol=1e-3 * RATE
        )
