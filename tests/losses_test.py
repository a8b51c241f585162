import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax import losses
from pgd2jax.models import Estimate

WEIGHTS = {"clean": 1.0, "likely": 2.0, "speckle": 0.3, "structure": 0.2}
TERMS = [losses.absolute, losses.likelihood, losses.gradient]


@pytest.mark.parametrize("term", TERMS)
def test_term_is_zero_at_equality_with_a_finite_gradient(term):
    error = jnp.zeros((3, 8, 8, 1))
    np.testing.assert_allclose(term(error), np.zeros(3), atol=1e-6)
    gradient = jax.grad(lambda e: term(e).sum())(error)
    assert np.isfinite(gradient).all()


def test_terms_equal_their_closed_forms():
    error = jnp.full((1, 4, 4, 1), 0.5)
    assert losses.absolute(error)[0] == pytest.approx(0.5)
    assert losses.likelihood(error)[0] == pytest.approx(0.5 + np.exp(-0.5) - 1)
    assert losses.gradient(error)[0] == pytest.approx(0, abs=1e-6)
    ramp = jnp.broadcast_to(0.1 * jnp.arange(4.0)[:, None], (4, 4))[None, ..., None]
    assert losses.gradient(ramp)[0] == pytest.approx(0.1)


def test_likelihood_is_least_at_the_mean_intensity(rng):
    # Of references that vary, the best constant estimate is their mean.
    reference = jnp.asarray(rng.exponential(size=(1, 64, 64, 1)))
    levels = jnp.linspace(-1, 1, 401)
    loss = [losses.likelihood(level - jnp.log(reference))[0] for level in levels]
    best = float(jnp.exp(levels[int(jnp.argmin(jnp.array(loss)))]))
    # Its linear part, for references 17 dB above, moves the best by little.
    assert best == pytest.approx(float(reference.mean()), rel=0.01)


def test_likelihood_grows_linearly_for_a_missed_point():
    errors = jnp.array([-10.0, -11.0, -12.0]).reshape(3, 1, 1, 1)
    loss = losses.likelihood(errors)
    slope = np.exp(4) - 1  # As of the likelihood itself at -4, where it goes on.
    np.testing.assert_allclose(np.diff(loss), slope, rtol=1e-5)


def test_combined_loss_is_the_weighted_sum_of_its_named_terms(rng):
    reference = jnp.asarray(rng.uniform(0.5, 2, (2, 8, 8, 1)), jnp.float32)
    intensity = reference * jnp.asarray(rng.exponential(size=(2, 8, 8, 1)), jnp.float32)
    error, guess = jnp.asarray(rng.normal(size=(2, *reference.shape)), jnp.float32)
    estimate = Estimate(jnp.log(reference) + error, guess)
    loss, terms = losses.combined_loss(estimate, intensity, reference, **WEIGHTS)
    assert loss.shape == (2,)
    assert set(terms) == set(WEIGHTS)
    expected = sum(WEIGHTS[name] * np.asarray(term) for name, term in terms.items())
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    closed = {
        "clean": np.abs(error),
        "likely": error + np.exp(-error) - 1,
        "speckle": np.abs(guess - np.log(intensity / reference)),
    }
    for name, image in closed.items():
        mean = np.mean(image, axis=(1, 2, 3))
        np.testing.assert_allclose(terms[name], mean, rtol=1e-4)
    np.testing.assert_allclose(terms["structure"], losses.gradient(error), rtol=1e-4)
