"""The combined loss and its terms; each returns one value an image, [B].

The paper names a combined loss and gives neither terms nor weights, so these are ours;
docs/method.md says why each is there.
"""

import jax
import jax.numpy as jnp

from pgd2jax.models import Estimate
from pgd2jax.sar import radiometry

# Beyond this error, in nepers of power (17 dB), the likelihood grows linearly: one
# missed point must not own the gradient of a batch.
LINEAR_BEYOND = 4.0


def _mean(image: jax.Array) -> jax.Array:
    return image.mean(axis=(1, 2, 3))


def absolute(error: jax.Array) -> jax.Array:
    """Returns the mean absolute value of a log error, [B, H, W, 1] to [B]."""
    return _mean(jnp.abs(error))


def likelihood(error: jax.Array) -> jax.Array:
    """Returns the gamma negative log-likelihood of the reference, 0 at equality.

    With e = log estimate - log reference it is e + exp(-e) - 1, the Itakura-Saito
    divergence: its minimum is the mean intensity, where that of `absolute` is the
    median, which is too dark. Near equality it is half of the squared error.
    """
    near = jnp.maximum(error, -LINEAR_BEYOND)
    slope = jnp.exp(LINEAR_BEYOND) - 1
    beyond = slope * (near - error)
    return _mean(near + jnp.exp(-near) - 1 + beyond)


def gradient(error: jax.Array) -> jax.Array:
    """Returns the mean absolute difference of a log error between neighbours, [B]."""
    rows = jnp.abs(jnp.diff(error, axis=1)).mean(axis=(1, 2, 3))
    cols = jnp.abs(jnp.diff(error, axis=2)).mean(axis=(1, 2, 3))
    return rows + cols


def combined_loss(
    estimate: Estimate,
    intensity: jax.Array,
    reference: jax.Array,
    *,
    clean: float,
    likely: float,
    speckle: float,
    structure: float,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the weighted sum of all terms, and each term without its weight.

    Args:
        estimate: The network's.
        intensity: Its input, [B, H, W, 1] linear power.
        reference: The clean intensity, like `intensity`.
        clean: Weight of the absolute error of the clean log-intensity.
        likely: Weight of the gamma likelihood, which calibrates the mean.
        speckle: Weight of the absolute error of SNENet's log speckle.
        structure: Weight of the gradient error of the clean log-intensity.

    Returns:
        The loss [B], and {name: [B]}.
    """
    log_reference = radiometry.log_intensity(reference)
    error = estimate.log_intensity - log_reference
    true_speckle = radiometry.log_intensity(intensity) - log_reference
    terms = {
        "clean": absolute(error),
        "likely": likelihood(error),
        "speckle": absolute(estimate.log_speckle - true_speckle),
        "structure": gradient(error),
    }
    weights = {
        "clean": clean,
        "likely": likely,
        "speckle": speckle,
        "structure": structure,
    }
    return sum(weights[name] * term for name, term in terms.items()), terms
