"""Classical speckle filters, to compare with; linear power [H, W] in and out, float32.

Pixels that are NaN stay NaN and count in no window.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from pgd2jax.sar import radiometry

TINY = np.finfo(np.float64).tiny


def _windowed(intensity: np.ndarray, average: Callable, *kinds: Callable):
    """Returns averages over valid pixels of functions of the image, [H, W] float64."""
    valid = np.isfinite(intensity)
    power = np.where(valid, intensity, 0).astype(np.float64)
    share = 1.0 if valid.all() else np.maximum(average(valid.astype(np.float64)), 1e-9)
    return [average(kind(power)) / share for kind in kinds]


def _moments(intensity: np.ndarray, average: Callable):
    """Returns the local mean and squared coefficient of variation."""
    mean, square = _windowed(intensity, average, lambda x: x, radiometry.power)
    variance = np.maximum(square - mean**2, 0)
    return mean, variance / np.maximum(mean**2, TINY)


def _square(window: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda image: ndimage.uniform_filter(image, window, mode="reflect")


def boxcar(intensity: np.ndarray, window: int = 5) -> np.ndarray:
    """Returns the mean over a square window, the spatial multilook."""
    (mean,) = _windowed(intensity, _square(window), lambda x: x)
    return np.where(np.isfinite(intensity), mean, np.nan).astype(np.float32)


def _lee_gain(variation: np.ndarray, looks: float) -> np.ndarray:
    """Returns how much of a pixel's contrast stays: var(x) / (var(x) + mean^2 s).

    With var(x) = (var(z) + mean^2) / (1 + s) - mean^2 and s = 1 / looks.
    """
    speckle = 1 / looks
    return np.maximum(variation - speckle, 0) / (variation + speckle**2)


def lee(intensity: np.ndarray, looks: float = 1.0, window: int = 7) -> np.ndarray:
    """Filters by the linearised local minimum mean square error (Lee, PAMI 1980).

    Args:
        intensity: Linear power, [H, W].
        looks: Number of looks; the speckle's squared variation is its inverse.
        window: Rows and columns of the local statistics.
    """
    mean, variation = _moments(intensity, _square(window))
    gain = _lee_gain(variation, looks)
    return (mean + gain * (intensity - mean)).astype(np.float32)


def kuan(intensity: np.ndarray, looks: float = 1.0, window: int = 7) -> np.ndarray:
    """Filters by the local linear minimum mean square error (Kuan et al., PAMI 1985).

    Not linearised, it keeps less of strong contrasts than Lee's: at most half of a
    single look's.

    Args:
        intensity: Linear power, [H, W].
        looks: Number of looks.
        window: Rows and columns of the local statistics.
    """
    mean, variation = _moments(intensity, _square(window))
    gain = np.maximum(1 - 1 / (looks * np.maximum(variation, TINY)), 0) / (
        1 + 1 / looks
    )
    return (mean + gain * (intensity - mean)).astype(np.float32)


# Gradients of Lee's refined filter, of 3 x 3 means two pixels apart, and on which side
# of the edge each is positive: right, upper right, top, upper left.
_GRADIENTS = np.array(
    [
        [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
        [[0, 1, 1], [-1, 0, 1], [-1, -1, 0]],
        [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
        [[1, 1, 0], [1, 0, -1], [0, -1, -1]],
    ]
)
_SIDES = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # In rows and columns.


def _half_window(number: int) -> np.ndarray:
    """Returns the half of 7 x 7 pixels on the side `number`, the edge line included.

    Numbers count a quarter turn in two from the right half on: right, upper right,
    upper, upper left, left, lower left, lower, lower right.
    """
    row, col = np.mgrid[-3:4, -3:4]
    side = np.array(_SIDES[number % 4]) * (1 if number < 4 else -1)
    return (row * side[0] + col * side[1] >= 0).astype(np.float64)


def refined_lee(intensity: np.ndarray, looks: float = 1.0) -> np.ndarray:
    """Filters in the half of 7 x 7 pixels on the pixel's side of an edge.

    The strongest of four gradients gives the edge's direction, the more similar of the
    two outer means its side (Lee, "Refined filtering of image noise using local
    statistics", Computer Graphics and Image Processing 1981).

    Args:
        intensity: Linear power, [H, W].
        looks: Number of looks.
    """
    (means,) = _windowed(intensity, _square(3), lambda x: x)
    padded = np.pad(means, 2, mode="symmetric")
    rows, cols = means.shape

    def shifted(row, col):
        start_row, start_col = 2 + 2 * row, 2 + 2 * col
        return padded[start_row : start_row + rows, start_col : start_col + cols]

    gradients = [
        sum(
            weight * shifted(row - 1, col - 1)
            for (row, col), weight in np.ndenumerate(kernel)
            if weight
        )
        for kernel in _GRADIENTS
    ]
    direction = np.argmax(np.abs(gradients), axis=0)
    towards = np.choose(direction, [shifted(row, col) for row, col in _SIDES])
    away = np.choose(direction, [shifted(-row, -col) for row, col in _SIDES])
    opposite = np.abs(towards - means) > np.abs(away - means)
    half = direction + 4 * opposite

    mean, variation = np.zeros((2, *means.shape))
    for number in range(8):
        here = half == number
        weights = _half_window(number)
        weights /= weights.sum()

        def average(image, weights=weights):
            return ndimage.correlate(image, weights, mode="reflect")

        local = _moments(intensity, average)
        mean[here], variation[here] = (moment[here] for moment in local)
    gain = _lee_gain(variation, looks)
    return (mean + gain * (intensity - mean)).astype(np.float32)


def gamma_map(intensity: np.ndarray, looks: float = 1.0, window: int = 7) -> np.ndarray:
    """Filters by the maximum a posteriori for gamma ground (Lopes et al., IJRS 1993).

    Where the local variation is that of speckle, the mean; above sqrt(2) of it, the
    pixel as it is; between them, the most probable ground.

    Args:
        intensity: Linear power, [H, W].
        looks: Number of looks.
        window: Rows and columns of the local statistics.
    """
    mean, variation = _moments(intensity, _square(window))
    speckle = 1 / looks
    between = (variation > speckle) & (variation < 2 * speckle)
    alpha = (1 + speckle) / np.where(between, variation - speckle, 1.0)
    linear = (alpha - looks - 1) * mean
    root = np.sqrt(linear**2 + 4 * alpha * looks * mean * np.maximum(intensity, 0))
    likely = (linear + root) / (2 * alpha)
    clean = np.where(variation <= speckle, mean, np.where(between, likely, intensity))
    return np.where(np.isfinite(intensity), clean, np.nan).astype(np.float32)


def frost(intensity: np.ndarray, window: int = 7, damping: float = 0.5) -> np.ndarray:
    """Filters by a local exponential kernel (Frost et al., PAMI 1982).

    A pixel at distance d weighs exp(-damping * variation * d), with the squared
    coefficient of variation around the centre. On single-look images 0.5 has a lower
    error than 1 or 2, and 7 x 7 a lower one than larger windows.

    Args:
        intensity: Linear power, [H, W].
        window: Rows and columns of the kernel.
        damping: The larger, the less is averaged.
    """
    _, variation = _moments(intensity, _square(window))
    valid = np.isfinite(intensity)
    power = np.where(valid, intensity, 0).astype(np.float64)
    half = window // 2
    distances = np.hypot(*np.mgrid[-half : half + 1, -half : half + 1])
    total, weights = np.zeros((2, *intensity.shape))
    for distance in np.unique(distances):
        ring = (distances == distance).astype(np.float64)
        weight = np.exp(-damping * variation * distance)
        total += weight * ndimage.correlate(power, ring, mode="reflect")
        weights += weight * ndimage.correlate(valid.astype(np.float64), ring)
    clean = total / np.maximum(weights, TINY)
    return np.where(valid, clean, np.nan).astype(np.float32)


# Each takes (intensity, looks).
FILTERS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "boxcar": lambda intensity, looks: boxcar(intensity),
    "lee": lee,
    "refined_lee": refined_lee,
    "frost": lambda intensity, looks: frost(intensity),
    "kuan": kuan,
    "gamma_map": gamma_map,
}
