import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.data import pairs
from pgd2jax.metrics import referenced
from pgd2jax.models import Estimate
from pgd2jax.sar import whitening
from pgd2jax.train import validation


class Darker(nn.Module):
    """Returns a part of the intensity, so that each tile comes back as itself."""

    def __call__(self, intensity, *_):
        return Estimate(jnp.log(0.8 * intensity), intensity)


@pytest.mark.parametrize("count", [3, 8, 13])
def test_every_tile_is_measured_once_whatever_the_batch(rng, count):
    shape = (count, 16, 16, 1)
    reference = rng.uniform(0.5, 2, shape).astype(np.float32)
    noisy = reference * rng.exponential(size=shape).astype(np.float32)
    tiles = pairs.Pair(
        noisy,
        np.zeros_like(noisy),
        reference,
        np.ones(count, bool),
        np.ones(count, np.float32),
        jax.tree.map(lambda known: np.stack([known] * count), whitening.nothing()),
    )
    checks = validation.Validation(tiles, Darker(), batch_size=8)
    clean = checks.despeckle({})
    np.testing.assert_allclose(clean, 0.8 * noisy[..., 0], rtol=1e-5)
    each = [
        {n: measure(*tile) for n, measure in referenced.ALL.items()}
        for tile in zip(0.8 * noisy[..., 0], reference[..., 0], strict=True)
    ]
    assert checks.measure(clean) == pytest.approx(referenced.summary(each), rel=1e-5)
