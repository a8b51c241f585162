"""How speckle hangs together: between neighbours, and between dates."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import fft, ndimage

from pgd2jax.sar import radiometry

BLOCK = 8  # Pixels, square, over which dates are compared: fringes bend little there.
SAMPLE = 128  # Rows and columns of the blocks that the correlation is measured on.
LAGS = (31, 31)  # Rows and columns, whatever the window: speckle ends within.
CLIP = 3.0  # Brightest pixel of a block that counts in full, over the mean.
BLOCKS = 4  # Of these along each axis.


def independence(stack: jax.Array, averaged: jax.Array, area: jax.Array) -> jax.Array:
    """Estimates which part of the dates is independent.

    Of N dates with coherences gamma_ij, N^2 / sum |gamma_ij|^2 are.

    Args:
        stack: Complex samples, [T, H, W], H and W multiples of `BLOCK`; NaN is no
            data.
        averaged: Dates that count, [T] bool.
        area: Pixels to an independent one.

    Returns:
        Effective over true number of dates, [H, W] float32 in (0, 1].
    """
    dates, rows, cols = stack.shape
    usable = averaged[:, None, None] & jnp.isfinite(stack.real + stack.imag)
    parts = jnp.stack([stack.real, stack.imag])
    parts = jnp.where(usable, parts, 0.0)
    blocks = parts.reshape(2 * dates, rows // BLOCK, BLOCK, cols // BLOCK, BLOCK)
    # A few scatterers do not make their clutter coherent.
    power = (blocks * blocks).sum(axis=0)
    most = CLIP * power.mean(axis=(1, 3), keepdims=True)
    blocks *= jnp.where(power > most, radiometry.amplitude(most / power), 1.0)
    products = jnp.einsum("trhcw,srhcw->tsrc", blocks, blocks, precision="highest")
    real = products[:dates, :dates] + products[dates:, dates:]
    imaginary = products[dates:, :dates] - products[:dates, dates:]
    power = jnp.diagonal(real, axis1=0, axis2=1)  # [R, C, T].
    scale = jnp.einsum("rct,rcs->tsrc", power, power, precision="highest")
    squared = (real**2 + imaginary**2) / jnp.where(scale > 0, scale, 1.0)
    present = (scale > 0).astype(jnp.float32)
    sums = jnp.stack([squared.sum((0, 1)), present.sum((0, 1)), (power > 0).sum(-1)])
    # Nine blocks together; borders have fewer.
    sums = jax.lax.reduce_window(sums, 0.0, jax.lax.add, (1, 3, 3), (1, 1, 1), "SAME")
    pairs = sums[1] - sums[2]
    between = (sums[0] - sums[2]) / jnp.maximum(pairs, 1.0)
    # A coherence is found even where there is none: 1 / samples of it, squared.
    samples = jnp.maximum(BLOCK**2 / area, 2.0)
    between = jnp.clip((samples * between - 1.0) / (samples - 1.0), 0.0, 1.0)
    number = jnp.where(sums[2] > 0, sums[1] / jnp.maximum(sums[2], 1.0), 1.0)
    share = 1.0 / (1.0 + jnp.maximum(number - 1.0, 0.0) * between)
    return jax.image.resize(share, (rows, cols), "linear")


def speckle_correlation(stack: np.ndarray) -> np.ndarray:
    """Measures |rho|^2 of the speckle by lag, from the intensities.

    Each date over the mean of all is speckle alone where nothing changed. The median
    over blocks from all over the scene is returned: changes and scatterers are
    somewhere, speckle is everywhere. Its sum comes out low, by a tenth to a fifth for
    ten dates and more, and by more for few: a date is a part of the mean, and faint
    lags are lost.

    Args:
        stack: Linear power or complex samples, [T, H, W], of two dates at least; it may
            be mapped from a file. NaN is no data.

    Returns:
        `LAGS` float32, 1 in the middle, 0 where it is lost in noise.

    Raises:
        ValueError: if there is but one date, or no speckle.
    """
    if stack.ndim != 3 or len(stack) < 2:
        raise ValueError(f"{stack.shape=} must be [dates, rows, cols] of two dates.")
    found = []
    for rows in _spread(stack.shape[1]):
        for cols in _spread(stack.shape[2]):
            covariance = _autocovariance(np.asarray(stack[:, rows, cols]))
            if covariance is not None:
                found.append(covariance)
    if not found:
        raise ValueError(
            "there is no speckle: no pixel has data on two dates, or all are equal."
        )
    correlation = np.median(found, axis=0)
    # What is left at the largest lags is not speckle.
    ring = np.ones(LAGS, bool)
    ring[1:-1, 1:-1] = False
    pedestal, noise = max(np.median(correlation[ring]), 0.0), correlation[ring].std()
    correlation = (correlation - pedestal) / (1.0 - pedestal)
    kept = correlation >= 3 * noise
    return np.where(kept, correlation, 0.0).astype(np.float32)


def _spread(size: int) -> list[slice]:
    """Returns up to `BLOCKS` slices of `SAMPLE`, evenly over an axis."""
    number = min(BLOCKS, -(-size // SAMPLE))
    starts = np.linspace(0, max(size - SAMPLE, 0), number).astype(int)
    return [slice(start, start + SAMPLE) for start in starts]


def _autocovariance(block: np.ndarray) -> np.ndarray | None:
    """Returns the normalised autocovariance of a block's speckle, or None."""
    power = radiometry.intensity(block) if np.iscomplexobj(block) else block
    valid = np.isfinite(power)
    dates = valid.sum(axis=0)
    mean = np.where(valid, power, 0.0).sum(axis=0) / np.maximum(dates, 1)
    valid &= (mean > 0) & (dates > 1)
    if not valid.any():
        return None
    speckle = np.where(valid, power / np.where(mean > 0, mean, 1.0), 0.0)
    # Changes are alike over wide areas, speckle is not: its surroundings are taken off.
    size = (0, *LAGS)
    around = ndimage.uniform_filter(speckle, size, mode="constant")
    share = ndimage.uniform_filter(valid.astype(np.float32), size, mode="constant")
    speckle = np.where(valid, speckle - around / np.maximum(share, 1e-6), 0.0)
    # Padded, so that nothing wraps into the lags that are kept.
    shape = tuple(
        fft.next_fast_len(n + m) for n, m in zip(power.shape[1:], LAGS, strict=True)
    )

    def correlate(images):
        spectra = radiometry.intensity(fft.rfft2(images.astype(np.float32), shape))
        lags = fft.fftshift(fft.irfft2(spectra.sum(axis=0), shape))
        middle = tuple(size // 2 for size in shape)
        return lags[
            tuple(
                slice(m - size // 2, m + size // 2 + 1)
                for m, size in zip(middle, LAGS, strict=True)
            )
        ]

    covariance = correlate(speckle) / np.maximum(correlate(valid), 0.5)
    variance = covariance[LAGS[0] // 2, LAGS[1] // 2]
    return covariance / variance if variance > 0 else None
