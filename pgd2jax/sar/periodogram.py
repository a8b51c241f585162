"""The mean spectral density that complex samples show, whatever the ground.

Written for NumPy and JAX alike: inference asks for it on the host, training draws
thousands of images a second on the device, and both must err alike.
"""

import jax
import jax.numpy as jnp
import numpy as np

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
    means = []
    for size in slc.shape:
        place = np.arange(size)
        near = np.abs(place - place[:, None]) <= AROUND
        means.append((near / near.sum(axis=1, keepdims=True)).astype(np.float32))
    power = means[0] @ radiometry.intensity(slc) @ means[1].T
    # Without a floor, as samples may be of any scale.
    return xp.where(power > 0, slc / xp.sqrt(xp.where(power > 0, power, 1)), 0)


def density(slc):
    """Returns the mean spectral density along the rows, [SAMPLES] float32, of mean 1.

    The geometric mean of all windows of all columns: a few hold nothing but the side
    lobes of a bright point outside of them, which lie at the edges of the band.

    Args:
        slc: Levelled samples, [H, W], H at least SAMPLES, not all zeros. The transpose
            has the density along the columns.

    Returns:
        In FFT order.
    """
    xp = jnp if isinstance(slc, jax.Array) else np
    window = np.hanning(SAMPLES + 1)[:SAMPLES, None].astype(np.float32)
    starts = range(0, len(slc) - SAMPLES + 1, SAMPLES // 2)
    blocks = [slc[start : start + SAMPLES] * window for start in starts]
    power = radiometry.intensity(xp.fft.fft(xp.concatenate(blocks, axis=1), axis=0))
    energy = power.sum(axis=0)
    told = energy > 0
    logs = radiometry.log_intensity(power / xp.where(told, energy, 1))
    mean = xp.exp(xp.where(told, logs, 0).sum(axis=1) / told.sum())
    return mean / mean.mean()
