"""The mean spectral density that complex samples show, whatever the ground.

Written for NumPy and JAX alike: inference asks for it on the host, training draws
thousands of images a second on the device, and both must err alike.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from scipy import ndimage

from pgd2jax.sar import radiometry

SAMPLES = 64  # Of the Hann windows through which a spectrum is seen.
# Pixels to each side over which samples are of one power: within, a bright point's
# flanks are, which are faint; far from it the ground is, and not its side lobes.
AROUND = 15


def levelled(slc):
    """Returns samples of an equal local power: a ship would be the spectrum.

    Args:
        slc: Complex samples, [H, W]; zeros stay.
    """
    xp = jnp if isinstance(slc, jax.Array) else np
    power = radiometry.intensity(slc)
    for axis in (0, 1):
        power = _mean_around(power, axis)
    # Without a floor, as samples may be of any scale.
    return xp.where(power > 0, slc / xp.sqrt(xp.where(power > 0, power, 1)), 0)


def _mean_around(image, axis: int):
    """Returns means of 2 AROUND + 1 pixels along an axis, fewer at the borders."""
    size = 2 * AROUND + 1
    inside = ndimage.uniform_filter1d(
        np.ones(image.shape[axis], np.float32), size, mode="constant"
    )
    if isinstance(image, jax.Array):
        window = (size, 1) if axis == 0 else (1, size)
        mean = nn.avg_pool(image[..., None], window, padding="SAME")[..., 0]
    else:
        mean = ndimage.uniform_filter1d(image, size, axis, mode="constant")
    return mean / (inside[:, None] if axis == 0 else inside)


def density(slc):
    """Returns the mean spectral density along the rows, [SAMPLES] float32, of mean 1.

    The geometric mean of all windows of all columns: a few hold nothing but the side
    lobes of a bright point outside of them, which lie at the edges of the band.

    Args:
        slc: Levelled samples, [H, W], H at least SAMPLES; zeros tell nothing. The
            transpose has the density along the columns.

    Returns:
        In FFT order.
    """
    xp = jnp if isinstance(slc, jax.Array) else np
    window = np.hanning(SAMPLES + 1)[:SAMPLES, None].astype(np.float32)
    last = len(slc) - SAMPLES
    total = count = np.float32(0)
    # One after the other: together they are several times a burst's size.
    for start in (*range(0, last, SAMPLES // 2), last):
        block = slc[start : start + SAMPLES] * window
        power = radiometry.intensity(xp.fft.fft(block, axis=0))
        energy = power.sum(axis=0)
        told = (energy > 0).astype(np.float32)
        logs = radiometry.log_intensity(power / xp.where(energy > 0, energy, 1))
        total, count = total + (told * logs).sum(axis=1), count + told.sum()
    mean = xp.exp(total / xp.maximum(count, 1))
    return mean / mean.mean()
