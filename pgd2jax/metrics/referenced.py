"""Measures against a reference, for one image of linear power, [H, W].

Pixels that are NaN in either image are left out.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from pgd2jax.sar import radiometry

FLOOR = 1e-6  # Of the reference's mean; keeps the logarithm of zeros finite.


def _together(estimate: np.ndarray, reference: np.ndarray) -> tuple:
    if estimate.shape != reference.shape:
        raise ValueError(f"{estimate.shape=} and {reference.shape=} must be equal.")
    valid = np.isfinite(estimate) & np.isfinite(reference)
    if not valid.any():
        raise ValueError("no pixel is finite in both images.")
    return estimate[valid].astype(np.float64), reference[valid].astype(np.float64)


def error_db(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns 10 log10 of estimate over reference, valid pixels only, [N] dB."""
    estimate, reference = _together(estimate, reference)
    floor = FLOOR * reference.mean()
    return radiometry.decibel(estimate, floor) - radiometry.decibel(reference, floor)


def rmse_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the root mean square error of the intensity in dB; lower is better."""
    return math.sqrt(np.mean(error_db(estimate, reference) ** 2))


def bias_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the mean error in dB; near +rmse^2 / 8.7 for the mean given the image."""
    return float(np.mean(error_db(estimate, reference)))


def sum_ratio_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns 10 log10 of the sums' ratio; 0 where the intensity is calibrated."""
    estimate, reference = _together(estimate, reference)
    return float(radiometry.decibel(estimate.sum() / reference.sum()))


def psnr_amplitude_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the PSNR of the amplitude, dB; higher is better.

    The peak is the largest amplitude of the reference, to which the estimate is
    clipped.
    """
    estimate, reference = _together(estimate, reference)
    truth = radiometry.amplitude(reference)
    guess = np.minimum(radiometry.amplitude(estimate), truth.max())
    square = np.mean(((guess - truth) / truth.max()) ** 2)
    return float("inf") if square == 0 else float(-radiometry.decibel(square))


ALL = {
    "rmse": rmse_db,
    "bias": bias_db,
    "sum_ratio": sum_ratio_db,
    "psnr_amplitude": psnr_amplitude_db,
}


def summary(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Returns each measure of `ALL` over images: its mean; of the rmse, over pixels.

    Args:
        rows: One an image, of images of equal size.
    """
    rows = list(rows)
    means = {name: float(np.mean([row[name] for row in rows])) for name in ALL}
    return means | {"rmse": math.sqrt(np.mean([row["rmse"] ** 2 for row in rows]))}
