"""Classical speckle filters, to compare with; linear power [H, W] in and out."""

import numpy as np
from scipy import ndimage


def _moments(intensity: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the local mean and squared coefficient of variation."""
    power = intensity.astype(np.float64)
    mean = ndimage.uniform_filter(power, window, mode="reflect")
    square = ndimage.uniform_filter(power**2, window, mode="reflect")
    variance = np.maximum(square - mean**2, 0)
    return mean, variance / np.maximum(mean**2, np.finfo(np.float64).tiny)


def boxcar(intensity: np.ndarray, window: int = 5) -> np.ndarray:
    """Returns the mean over a square window, the spatial multilook."""
    return ndimage.uniform_filter(intensity, window, mode="reflect")


def lee(intensity: np.ndarray, window: int = 7, looks: float = 1.0) -> np.ndarray:
    """Filters by the local linear minimum mean square error (Lee, PAMI 1980).

    Args:
        intensity: Linear power, [H, W].
        window: Rows and columns of the local statistics.
        looks: Number of looks; the speckle's squared variation is its inverse.
    """
    mean, variation = _moments(intensity, window)
    speckle = 1 / looks
    gain = (variation - speckle) / np.maximum(variation * (1 + speckle), 1e-12)
    gain = np.clip(gain, 0, 1)
    return (mean + gain * (intensity - mean)).astype(np.float32)


def frost(intensity: np.ndarray, window: int = 7, damping: float = 0.5) -> np.ndarray:
    """Filters by a local exponential kernel (Frost et al., PAMI 1982).

    A pixel at distance d weighs exp(-damping * variation * d), with the squared
    coefficient of variation around the centre. On single-look images 0.5 has a lower
    error than 1 or 2, and 7 x 7 a lower one than larger windows.
    """
    _, variation = _moments(intensity, window)
    half = window // 2
    padded = np.pad(intensity.astype(np.float64), half, mode="symmetric")
    total = np.zeros(intensity.shape)
    weights = np.zeros(intensity.shape)
    for row in range(window):
        for col in range(window):
            distance = np.hypot(row - half, col - half)
            weight = np.exp(-damping * variation * distance)
            shifted = padded[
                row : row + intensity.shape[0], col : col + intensity.shape[1]
            ]
            total += weight * shifted
            weights += weight
    return (total / weights).astype(np.float32)


FILTERS = {"boxcar": boxcar, "lee": lee, "frost": frost}
