"""Measures that need no reference, for one image of linear power, [H, W].

The ratio image, noisy over despeckled, is pure speckle if nothing was lost. In
homogeneous windows its mean should be 1 and its variance 1 / L. Over structure even the
mean given the image, the best of estimators, has a mean ratio of 1 - (rmse / 4.34)^2,
with its rmse in dB.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from pgd2jax.metrics.undefined import MeasureWarning, undefined
from pgd2jax.metrics.windows import Window
from pgd2jax.sar import radiometry


def enl(intensity: np.ndarray) -> float:
    """Returns the equivalent number of looks, mean^2 / variance, of flat ground.

    Args:
        intensity: Linear power of a homogeneous window; NaN pixels are left out.

    Returns:
        1 for single-look speckle; NaN for a constant window, whose looks are endless,
        and for one without valid pixels.
    """
    values = np.asarray(intensity, np.float64)
    values = values[np.isfinite(values)]
    variance = values.var() if values.size else 0.0
    if not variance > 0:
        return undefined("the ENL of a constant or empty window is not defined.")
    return float(radiometry.power(values.mean()) / variance)


def ratio(noisy: np.ndarray, despeckled: np.ndarray) -> np.ndarray:
    """Returns noisy over despeckled: pure speckle of mean 1 if nothing was lost.

    Pixels without power or data are NaN.
    """
    if noisy.shape != despeckled.shape:
        raise ValueError(f"{noisy.shape=} and {despeckled.shape=} must be equal.")
    whole = np.full(noisy.shape, np.nan, np.float32)
    return np.divide(noisy, despeckled, out=whole, where=despeckled > 0)


def over_windows(measure, windows: Sequence[Window], *images: np.ndarray) -> float:
    """Returns the median of a measure over those homogeneous windows that have it.

    Args:
        measure: (image, ...) -> number.
        windows: From `windows.homogeneous` of the noisy image, or the user's.
        *images: What the measure takes, [H, W] each.
    """
    if not windows:
        return undefined("there is no homogeneous window.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeasureWarning)
        found = [
            measure(*parts)
            for parts in ([x[window] for x in images] for window in windows)
            if np.isfinite(parts).all(axis=0).any()
        ]
    found = [value for value in found if np.isfinite(value)]
    return float(np.median(found)) if found else undefined("no window has the measure.")


def ratio_mean(noisy: np.ndarray, despeckled: np.ndarray) -> float:
    """Returns the mean of the ratio image of a homogeneous window; best 1."""
    values = ratio(noisy, despeckled)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else undefined("no ratio is defined.")


def ratio_looks(noisy: np.ndarray, despeckled: np.ndarray, looks: float) -> float:
    """Returns the variance of the ratio image times the looks; best 1.

    Args:
        noisy: A homogeneous window, linear power.
        despeckled: The same.
        looks: Equivalent number of looks of the noisy image.
    """
    values = ratio(noisy, despeckled)
    values = values[np.isfinite(values)]
    if not values.size:
        return undefined("no ratio is defined.")
    return float(values.astype(np.float64).var() * looks)
