"""Estimates from an SLC image what sensor and processor made of its spectrum.

Speckle is white before the sensor, whatever the ground, so the mean spectral density of
an image is |H|^2 (Cumming and Wong, "Digital processing of synthetic aperture radar
data", 2005, chapter 4), moved to the centroid and, for TOPS, drifting along azimuth.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from pgd2jax.sar import periodogram, radiometry, speckle, whitening

LINES = 32  # Over which a centroid stands still; see `slc.LINES`.
SAMPLES = periodogram.SAMPLES  # Of a block whose spectrum is taken, after centring.
# Of neighbouring samples. Below, the spectrum is white, and has no centre.
LEAST_CORRELATION = 0.05
# Of the density that differs between both sides of the centre: the odd part of the
# transfer function then holds half a per cent of the energy. Of 256 x 256 pixels of 220
# drawn scenes through symmetric bands the median has 0.03, one over 0.1.
MOST_ASYMMETRY = 0.15
# A density's highest value over that of the highest tenth's lowest, at most: a tone of
# interference is no band.
TONE = 2.0
# dB by which the power behind the filters over that before deviates from part to part
# (standard deviation): more, and they have no spectrum in common, as where white noise
# fills what the sensor did not see. The median of 75 drawn scenes and of 3 real ones is
# 0.05; in 3 of the drawn ones a shore's side lobes hide a part's spectrum.
UNLIKE = 0.3


class Spectrum(NamedTuple):
    """The mean spectral density of an image.

    Attributes:
        rows, cols: Density along each axis around its centre, [SAMPLES] each, in FFT
            order, of mean 1.
        centroid: Doppler and range centroid at row 0, [2], cycles per pixel.
        drift: Of the Doppler centroid, cycles per pixel and line.
    """

    rows: np.ndarray
    cols: np.ndarray
    centroid: np.ndarray
    drift: float


def _damped(slc: np.ndarray) -> np.ndarray:
    """Returns samples of the root of their amplitude, for a centroid.

    Products of neighbours then count by amplitude: by power a bright point would be all
    there is, and were all alike, side lobes over dark ground would count as much.
    """
    amplitude = np.abs(slc)
    return slc / np.sqrt(np.where(amplitude > 0, amplitude, 1))


def _neighbours(slc: np.ndarray) -> complex:
    """Returns the correlation of samples along axis 0."""
    power = radiometry.intensity(slc).sum()
    return np.vdot(slc[:-1], slc[1:]) / power if power else 0j


def _centre(slc: np.ndarray) -> tuple[float, float]:
    """Returns the centroid along axis 0 at row 0 and its drift along it."""
    starts = range(0, len(slc) - LINES + 1, LINES // 2)
    found = np.array([_neighbours(slc[start : start + LINES]) for start in starts])
    if np.abs(found).mean() < LEAST_CORRELATION:
        return 0.0, 0.0
    # Bright blocks count more, but not by their power.
    found *= [np.linalg.norm(slc[start : start + LINES]) for start in starts]
    # The rate at which they turn: a few that bright points have turned do not matter.
    fine = 64 * len(found)
    turns = np.argmax(np.abs(np.fft.fft(found, fine))) / fine
    turns = (turns + 0.5) % 1 - 0.5
    level = np.sum(found * np.exp(-2j * np.pi * turns * np.arange(len(found))))
    drift = turns / (LINES // 2)
    # A product of neighbours tells of the place between them.
    return float(np.angle(level) / (2 * np.pi) - drift * (LINES - 1) / 2), drift


def centred(slc: np.ndarray, centroid: np.ndarray, drift: float) -> np.ndarray:
    """Returns an image with its spectrum moved to the middle, [H, W] complex64."""
    row, col = (np.arange(size) for size in slc.shape)
    # As `speckle.modulation`, one axis after the other.
    along = centroid[0] * row + 0.5 * drift * row**2
    back = (np.exp(-2j * np.pi * cycles) for cycles in (along, centroid[1] * col))
    rows, cols = (phasors.astype(np.complex64) for phasors in back)
    return (slc * rows[:, None] * cols).astype(np.complex64, copy=False)


def estimate(slc: np.ndarray) -> Spectrum:
    """Estimates the spectrum of a part of an image.

    Along TOPS bursts it changes: take parts of some hundred lines, of one burst.

    Args:
        slc: Complex samples, [H, W], at least 64 pixels each way, without gaps.

    Raises:
        ValueError: if the image is smaller, or holds nothing but zeros.
    """
    if slc.ndim != 2 or min(slc.shape) < SAMPLES or not slc.any():
        raise ValueError(
            f"{slc.shape=} must be at least {SAMPLES} x {SAMPLES}, not all zeros."
        )
    return _around_centre(_damped(slc), periodogram.levelled(slc))


def _around_centre(damped: np.ndarray, levelled: np.ndarray) -> Spectrum:
    along, drift = _centre(damped)
    across = _neighbours(damped.T)
    across = np.angle(across) if abs(across) >= LEAST_CORRELATION else 0.0
    centroid = np.array([along, across / (2 * np.pi)])
    baseband = centred(levelled, centroid, drift)
    return Spectrum(
        periodogram.density(baseband), periodogram.density(baseband.T), centroid, drift
    )


def transfer(found: Spectrum, shape: tuple[int, int]) -> speckle.Transfer:
    """Returns the transfer function of a spectrum on a grid of (rows, cols)."""

    def response(density, size):
        frequency = jnp.fft.fftfreq(size)
        band = jnp.interp(frequency, jnp.fft.fftfreq(SAMPLES), density, period=1)
        return jnp.sqrt(band / band.mean())

    return speckle.Transfer(
        rows=response(found.rows, shape[0]),
        cols=response(found.cols, shape[1]),
        centroid=jnp.asarray(found.centroid, jnp.float32),
        drift=jnp.asarray(found.drift, jnp.float32),
    )


def whitener(parts: Sequence[np.ndarray]) -> whitening.Whitener | None:
    """Estimates what makes the samples of an image independent.

    Args:
        parts: Of the image, complex samples, [H, W], each of one burst. Those that are
            too small for a spectrum, or hold nothing but zeros, tell nothing.

    Returns:
        NumPy arrays; None where no part tells anything, or they differ.
    """
    parts = [part for part in parts if min(part.shape) >= SAMPLES and part.any()]
    if not parts:
        return None
    densities, centres, drifts = zip(*map(_both_axes, parts), strict=True)
    votes = np.maximum(np.count_nonzero(centres, axis=0), 1)
    mean = np.sum(centres, axis=0) / votes
    near = np.where(mean == 0, 1, np.minimum(np.abs(mean), 1))
    scatter = np.sqrt(2 * (1 - near)) / (2 * np.pi)
    moved = np.abs(np.median(drifts, axis=0))  # Within half a part.
    taps = []
    for density in np.mean(densities, axis=0):
        most = TONE * np.quantile(density, 0.9)
        taps.append(whitening.filters(np.minimum(density, most)))
    kept = [list(map(whitening.kept, taps, both)) for both in densities]
    if np.std(radiometry.decibel(np.prod(kept, axis=1))) > UNLIKE:
        return None
    return whitening.Whitener(
        taps=np.stack(taps),
        centroid=(np.angle(mean) / (2 * np.pi)).astype(np.float32),
        moves=np.maximum(scatter, moved) > whitening.MOVES,
    )


def _both_axes(slc: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Returns densities, centroids in the middle, and how far they drift to there.

    Centroids are phasors, 0 along an axis whose samples do not tell one.
    Unlike `estimate`, for a drift along the columns as well, as where they are azimuth.
    """
    damped, level = _damped(slc), periodogram.levelled(slc)
    _, drift = _centre(damped.T)
    half = np.array(slc.shape) / 2
    found = _around_centre(
        *(centred(part.T, np.zeros(2), drift).T for part in (damped, level))
    )
    drifts = np.array([found.drift, drift]) * half
    centres = np.exp(2j * np.pi * (found.centroid + drifts)) * (found.centroid != 0)
    return [found.rows, found.cols], centres, drifts


def asymmetry(found: Spectrum) -> float:
    """Returns the part of the density that differs between both sides, of both axes."""
    worst = 0.0
    for density in (found.rows, found.cols):
        above, below = density[1 : SAMPLES // 2], density[: SAMPLES // 2 : -1]
        worst = max(worst, np.abs(above - below).sum() / density.sum())
    return float(worst)
