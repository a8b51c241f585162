"""Tells whether an intensity and a phase are two halves of one SLC image.

Only then is sqrt(I) exp(j phi) what the sensor recorded. Its spectrum fills the band
of the sensor and nothing beyond (Cumming and Wong, "Digital processing of synthetic
aperture radar data", 2005, chapter 4), which no other intensity brings about: with a
multilooked one, or the one of another date, power leaks out of the band.
"""

import numpy as np

from pgd2jax.sar import radiometry

# Lines to estimate a spectrum from. The azimuth centroid of TOPS data drifts (De Zan
# and Monti Guarnieri, "TOPSAR", IEEE TGRS 44(9), 2006): of Sentinel-1 by up to two
# sampling rates in 256 lines in IW, four and a half in EW, a quarter or a half in 32,
# while a spectrum of the whole image looks white.
LINES = 32
BLOCK = 16  # Pixels, square, of a block for looks: mostly of one land cover.

# Measured on 40 simulated scenes each of one look and on tiles of four sensors; white
# or shuffled samples: 0.94 to 0.97.
MAX_FLOOR = 0.6  # One look with a band: 0.00 to 0.06; a weighted full band 0.43.
# Power outside the band against the square of what the phase alone leaves there: the
# narrower the band, the more of it an intensity that belongs takes away. One look:
# 0.0 to 1.42 (the full band again); an intensity that is not the phase's: 2.5 and more.
MAX_LEAK = 1.6
# Upper quartile over blocks. One look: up to 1.31, far less in a town; two looks 1.56
# and more.
MAX_LOOKS = 1.45


def looks(intensity: np.ndarray) -> float:
    """Returns the equivalent number of looks of the homogeneous parts.

    The squared mean over the variance in blocks (Oliver and Quegan, "Understanding
    SAR images", 2004, section 4.3). Texture and points lower it, hence the upper
    quartile.

    Args:
        intensity: Linear power, [H, W], at least `BLOCK` pixels each way.
    """
    rows, cols = (length // BLOCK for length in intensity.shape)
    whole = intensity[: rows * BLOCK, : cols * BLOCK].astype(np.float64)
    blocks = whole.reshape(rows, BLOCK, cols, BLOCK)
    mean, variance = blocks.mean(axis=(1, 3)), blocks.var(axis=(1, 3))
    varies = variance > 0
    if not varies.any():
        return np.inf
    return float(np.quantile(radiometry.power(mean)[varies] / variance[varies], 0.75))


def spectral_floor(slc: np.ndarray) -> float:
    """Returns the lowest spectral density along axis 0 over the mean; 1 if white.

    Args:
        slc: Complex samples, [H, W], at least `LINES` rows.
    """
    window = np.hanning(LINES + 1)[:LINES, None].astype(np.float32)
    circle = np.exp(2j * np.pi * np.arange(LINES) / LINES)
    total = np.zeros(LINES)
    for start in range(0, slc.shape[0] - LINES + 1, LINES // 2):
        block = slc[start : start + LINES] * window
        power = radiometry.intensity(np.fft.fft(block, axis=0))
        energy = power.sum(axis=0)
        seen = energy > 0
        # Every column counts alike, or one bright point would be the spectrum.
        density = (power[:, seen] / energy[seen]).sum(axis=1)
        centroid = np.angle(density @ circle) / (2 * np.pi)
        total += np.roll(density, -round(centroid * LINES))
    smooth = total + np.roll(total, 1) + np.roll(total, -1)
    return float(smooth.min() / smooth.mean()) if smooth.any() else 1.0


def why_not_slc(intensity: np.ndarray, phase: np.ndarray) -> str:
    """Returns why sqrt(I) exp(j phi) is not an SLC image, in a few words.

    A full band with no weighting is refused, too: its samples are independent, so
    that nothing can be told of them, and the phase carries nothing.

    Args:
        intensity: Linear power, [H, W], at least 32 pixels each way.
        phase: Radians, [H, W].

    Returns:
        The reason, or an empty text if they are an SLC image of about one look with a
        band narrower than the sampling rate in rows or columns.

    Raises:
        ValueError: if the shapes differ or are too small.
    """
    if intensity.shape != phase.shape or min(intensity.shape) < LINES:
        raise ValueError(
            f"{intensity.shape=} and {phase.shape=} must be equal and at least "
            f"{LINES} x {LINES}."
        )
    found = looks(intensity)
    if found > MAX_LOOKS:
        return f"intensity of several looks (about {found:.1f})"
    images = [
        radiometry.slc(power, phase) for power in (intensity, np.ones_like(intensity))
    ]
    # Along rows and columns: [axis][intensity and phase, phase alone].
    floors = [
        [spectral_floor(image) for image in images],
        [spectral_floor(image.T) for image in images],
    ]
    floor, alone = min(floors)
    if floor > MAX_FLOOR:
        return (
            f"no band in the spectrum (floor {floor:.2f} of the mean): white or noise"
        )
    if floor > MAX_LEAK * alone * alone:
        return (
            f"phase of another image (spectral floor {floor:.2f} with the intensity, "
            f"{alone:.2f} without)"
        )
    return ""
