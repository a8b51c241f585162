"""Estimates from an SLC image what sensor and processor made of its spectrum.

Speckle is white before the sensor, whatever the ground, so the mean spectral density of
an image is |H|^2 (Cumming and Wong, "Digital processing of synthetic aperture radar
data", 2005, chapter 4), moved to the centroid and, for TOPS, drifting along azimuth.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from pgd2jax.sar import radiometry, speckle

LINES = 32  # Over which a centroid stands still; see `slc.LINES`.
SAMPLES = 64  # Of a block whose spectrum is taken, after centring.
# Of neighbouring samples. Below, the spectrum is white, and has no centre.
LEAST_CORRELATION = 0.05
# Of the density that differs between both sides of the centre. Symmetric bands of 256 x
# 256 pixels: up to 0.04.
MOST_ASYMMETRY = 0.08


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


def _neighbours(slc: np.ndarray) -> complex:
    """Returns the correlation of samples along axis 0, each column counting alike."""
    power = radiometry.intensity(slc).sum(axis=0)
    seen = power > 0
    product = (slc[1:, seen] * np.conj(slc[:-1, seen])).sum(axis=0) / power[seen]
    return product.mean() if seen.any() else 0j


def _centre(slc: np.ndarray) -> tuple[float, float]:
    """Returns the centroid along axis 0 at row 0 and its drift along it."""
    starts = np.arange(0, max(len(slc) - LINES, 0) + 1, LINES // 2)
    found = np.array([_neighbours(slc[start : start + LINES]) for start in starts])
    if np.abs(found).mean() < LEAST_CORRELATION:
        return 0.0, 0.0
    cycles = np.unwrap(np.angle(found)) / (2 * np.pi)
    if len(starts) == 1:
        return float(cycles[0]), 0.0
    # A product of neighbours tells of the place between them.
    places = starts + (LINES - 1) / 2
    drift, start = np.polyfit(places, cycles, 1, w=np.abs(found))
    return float(start), float(drift)


def _density(slc: np.ndarray) -> np.ndarray:
    """Returns the mean density along axis 0, [SAMPLES], each line counting alike."""
    window = np.hanning(SAMPLES + 1)[:SAMPLES, None]
    total = np.zeros(SAMPLES)
    for start in range(0, len(slc) - SAMPLES + 1, SAMPLES // 2):
        block = slc[start : start + SAMPLES] * window
        power = radiometry.intensity(np.fft.fft(block, axis=0))
        energy = power.sum(axis=0)
        seen = energy > 0
        # Or one bright point would be the spectrum.
        total += (power[:, seen] / energy[seen]).sum(axis=1)
    return total / total.mean()


def centred(slc: np.ndarray, centroid: np.ndarray, drift: float) -> np.ndarray:
    """Returns an image with its spectrum moved to the middle, [H, W] complex64."""
    moved = speckle.modulation(slc.shape, centroid, drift)
    return (slc * np.conj(np.asarray(moved))).astype(np.complex64)


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
    along, drift = _centre(slc)
    across = _neighbours(slc.T)
    across = np.angle(across) if abs(across) >= LEAST_CORRELATION else 0.0
    centroid = np.array([along, across / (2 * np.pi)])
    baseband = centred(slc, centroid, drift)
    return Spectrum(_density(baseband), _density(baseband.T), centroid, drift)


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


def asymmetry(found: Spectrum) -> float:
    """Returns the part of the density that differs between both sides, of both axes."""
    worst = 0.0
    for density in (found.rows, found.cols):
        above, below = density[1 : SAMPLES // 2], density[: SAMPLES // 2 : -1]
        worst = max(worst, np.abs(above - below).sum() / density.sum())
    return float(worst)
