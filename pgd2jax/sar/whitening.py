"""Makes the samples of an SLC image independent of each other, as far as may be.

A sensor's weighting leaves the edges of its band faint, so that an average of
intensities draws on few independent samples: Hamming windows along both axes cost two
thirds of the looks. Divided by the transfer function the spectrum is flat, and all of
its parts count alike (Lapini, Bianchi, Argenti and Alparone, "Blind speckle
decorrelation for SAR image despeckling", IEEE TGRS 52(2), 2014). Here short filters do
so, which follow a Doppler centroid that moves, as within TOPS bursts.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from pgd2jax.sar import radiometry

LAGS = 5  # Samples of a filter to either side.
# Of the highest density of a spectrum: what lies below is kept out, as leakage of an
# estimate does, whose share would be taken for power. Of 40 drawn scenes the filters
# leave 93 per cent of the independent samples an axis has room for, 94 were the spectra
# known; 79 count without.
FLOOR = 0.02
# Cells of 2 x 2 pixels to each side over which a moving centroid is averaged: as few as
# show it, since a TOPS ramp moves it by a tenth of the sampling rate within 14 lines.
AROUND = 3
BESIDE = 1  # The same along the rows for the range centroid: the azimuth filter adds.
# Cycles a pixel by which a centroid that moves does so, in half a part's rows or from
# part to part. TOPS does so by 0.2 in 32 rows and more; where it stands still, it is
# found within 0.01 in 64 x 256 pixels.
MOVES = 0.03
REACH = LAGS + 2 * BESIDE + 1  # Pixels to one side that change a sample.


class Whitener(NamedTuple):
    """Filters that undo a transfer function.

    Attributes:
        taps: Along rows and along columns, [2, LAGS + 1] float32: symmetric filters
            for spectra around 0, from the middle to one side.
        centroid: Doppler and range centroid, [2] float32, cycles per pixel.
        moves: Whether each changes within the image and is to be found around every
            pixel instead, [2] bool.
    """

    taps: jax.Array
    centroid: jax.Array
    moves: jax.Array


def nothing() -> Whitener:
    """Returns what leaves samples as they are: of images without a known spectrum."""
    taps = np.zeros((2, LAGS + 1), np.float32)
    taps[:, 0] = 1
    return Whitener(taps, np.zeros(2, np.float32), np.zeros(2, bool))


def turned(whitener: Whitener) -> Whitener:
    """Returns the whitener of the transposed image."""
    return jax.tree.map(lambda known: known[::-1], whitener)


def mirrored(whitener: Whitener, axis: int) -> Whitener:
    """Returns the whitener of the image turned around along an axis."""
    signs = np.where(np.arange(2) == axis, -1, 1).astype(np.float32)
    return whitener._replace(centroid=whitener.centroid * signs)


def carried(
    samples: np.ndarray,
    axis: int,
    steps: np.ndarray,
    others: np.ndarray,
    whitener: Whitener,
) -> np.ndarray:
    """Returns mirrored samples with the centroid of the place where they go.

    Mirrored, a spectrum is turned around. A steady centroid is known, and corrected;
    one that moves is turned back with the other axis's, which is corrected.

    Args:
        samples: NumPy, complex, any shape.
        axis: Along which they were mirrored, 0 for rows.
        steps: How far along it they go from where they were, like `samples`.
        others: Their places along the other axis, like `samples`.
        whitener: Of the image.
    """
    if not whitener.moves[axis]:
        cycles = whitener.centroid[axis] * steps
    else:
        samples = np.conj(samples)
        cycles = 2 * whitener.centroid[1 - axis] * others
    return samples * np.exp(2j * np.pi * cycles).astype(samples.dtype)


def filters(density: jax.Array) -> jax.Array:
    """Returns the taps of the filter for a spectral density, [LAGS + 1] float32.

    What lies out of the band stays out. The mean power is kept.

    Args:
        density: Around its centre, [N] in FFT order, any factor; NumPy or JAX.
    """
    xp = jnp if isinstance(density, jax.Array) else np
    density = density / density.max()
    gain = xp.sqrt(density**3 / (density**4 + FLOOR**4))
    window = np.kaiser(2 * LAGS + 3, 3.0)[LAGS + 1 : -1].astype(np.float32)
    taps = xp.fft.ifft(gain).real[: LAGS + 1] * window
    return (taps / xp.sqrt(kept(taps, density))).astype(np.float32)


def kept(taps: jax.Array, density: jax.Array) -> jax.Array:
    """Returns the power behind a filter over that before it.

    Args:
        taps: Of `filters`.
        density: Of what passes it, [N] in FFT order, any factor; NumPy or JAX.
    """
    cycles = np.arange(LAGS + 1) * np.fft.fftfreq(len(density))[:, None]
    sides = np.where(np.arange(LAGS + 1) > 0, 2, 1)
    passed = (sides * np.cos(2 * np.pi * cycles)).astype(np.float32) @ taps
    return (radiometry.power(passed) * density).sum() / density.sum()


def whiten(slc: jax.Array, whitener: Whitener) -> jax.Array:
    """Returns samples whose spectra are flat within the band, [B, H, W, 1] complex64.

    Args:
        slc: Complex samples of a typical power near 1, [B, H, W, 1], H and W even;
            zeros are taken to lie around.
        whitener: Of each image, its parts with a leading axis B.
    """
    parts = slc.real[..., 0], slc.imag[..., 0]
    # Without a centroid to follow a CPU takes a fifth of the time.
    parts = jax.lax.cond(whitener.moves.any(), _following, _steady, parts, whitener)
    return jax.lax.complex(*(part[..., None] for part in parts))


def _following(parts, whitener: Whitener):
    """Returns white samples where the centroid of an image or more moves."""
    azimuth = _turns(parts, 0, (AROUND, AROUND), whitener)
    across = _turns(parts, 1, (BESIDE, AROUND), whitener)
    parts = _filtered(parts, 1, across, whitener)
    return _filtered(parts, 0, azimuth, whitener)


def _steady(parts, whitener: Whitener):
    """Returns white samples of images whose centroids stand still."""
    for axis in (1, 0):
        parts = _filtered(parts, axis, _told(axis, whitener), whitener)
    return parts


def _padded(image: jax.Array, axis: int, before: int, after: int) -> jax.Array:
    """Returns images with zeros around along an image axis, 0 or 1."""
    # Of padding, and of zeros of unknown size, jax2onnx 0.13.0 makes nothing.
    zeros = [0 * _from(image, axis, 0, count) for count in (before, after)]
    return jax.lax.concatenate([zeros[0], image, zeros[1]], 1 + axis)


def _from(image: jax.Array, axis: int, start: int, size: int) -> jax.Array:
    """Returns `size` rows or columns."""
    return jax.lax.slice_in_dim(image, start, start + size, axis=1 + axis)


def _cells(image: jax.Array) -> jax.Array:
    """Returns the sums of 2 x 2 pixels, [B, H/2, W/2]."""
    batch, rows, cols = image.shape
    return image.reshape(batch, rows // 2, 2, cols // 2, 2).sum(axis=(2, 4))


def _pixels(cells: jax.Array) -> jax.Array:
    """Returns each cell's value at its 2 x 2 pixels, [B, H, W]; one of all as it is."""
    if cells.shape[1:] == (1, 1):
        return cells
    return jnp.repeat(jnp.repeat(cells, 2, axis=1), 2, axis=2)


def _power(parts):
    real, imag = parts
    return real * real + imag * imag


def _turns(parts, axis: int, around: tuple[int, int], whitener: Whitener):
    """Returns by what phasor samples turn along an axis from one to the next.

    Args:
        parts: Real and imaginary part, [B, H, W] each.
        axis: 0 for rows, 1 for columns.
        around: Rows and columns of cells to each side over which one that moves is
            averaged.
        whitener: What is known of it.

    Returns:
        Real and imaginary part, of cells of 2 x 2 pixels, [B, H/2, W/2] each.
    """
    real, imag = parts
    size = real.shape[1 + axis]
    after, turned = (_from(_padded(p, axis, 0, 1), axis, 1, size) for p in parts)
    products = after * real + turned * imag, turned * real - after * imag
    # They count by amplitude: by power, a bright point would be all there is.
    weight = jax.lax.rsqrt(jnp.sqrt(_power(products)) + radiometry.LOG_FLOOR)
    found = jnp.stack([_cells(part * weight) for part in products], axis=-1)
    for window in ((2 * around[0] + 1, 1), (1, 2 * around[1] + 1)):
        found = nn.avg_pool(found, window_shape=window, padding="SAME")
    found = found[..., 0], found[..., 1]
    norm = jax.lax.rsqrt(_power(found) + radiometry.LOG_FLOOR)
    moves = whitener.moves[:, axis, None, None]
    return tuple(
        jnp.where(moves, part * norm, known)
        for part, known in zip(found, _told(axis, whitener), strict=True)
    )


def _told(axis: int, whitener: Whitener):
    """Returns by what phasor samples turn along an axis as is known, [B, 1, 1] each."""
    angle = 2 * jnp.pi * whitener.centroid[:, axis, None, None]
    return jnp.cos(angle), jnp.sin(angle)


def _filtered(parts, axis: int, turns, whitener: Whitener):
    """Returns both parts behind the filter of an axis, moved to the centroid.

    Args:
        parts: Real and imaginary part, [B, H, W] each.
        axis: 0 for rows, 1 for columns.
        turns: By what phasor samples turn, of cells, [B, H/2, W/2] each, or of all of
            them, [B, 1, 1].
        whitener: Of each image.
    """
    taps = whitener.taps[:, axis, :, None, None]
    size = parts[0].shape[1 + axis]
    padded = tuple(_padded(part, axis, LAGS, LAGS) for part in parts)
    phasors = [turns]
    while len(phasors) < LAGS:
        (real, imag), (one, other) = phasors[-1], turns
        phasors.append((real * one - imag * other, real * other + imag * one))
    turned = [
        tuple(taps[:, lag] * part for part in phasor)
        for lag, phasor in enumerate(phasors, start=1)
    ]
    # Else XLA works out one filter anew for every tap of the other.
    padded, turned = jax.lax.optimization_barrier((padded, turned))
    real, imag = (taps[:, 0] * part for part in parts)
    for lag, coefficients in enumerate(turned, start=1):
        cos, sin = map(_pixels, coefficients)
        before, after = (
            [_from(part, axis, start, size) for part in padded]
            for start in (LAGS - lag, LAGS + lag)
        )
        real += cos * (before[0] + after[0]) - sin * (before[1] - after[1])
        imag += cos * (before[1] + after[1]) + sin * (before[0] - after[0])
    return real, imag
