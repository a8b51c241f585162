"""Measures against a reference, for one image of linear power, [H, W].

Pixels that are NaN in either image are left out. All raise ValueError if the shapes
differ or no pixel is left, and give NaN with a `MeasureWarning` where they are not
defined.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from pgd2jax.metrics import similarity
from pgd2jax.metrics.images import together
from pgd2jax.metrics.undefined import undefined
from pgd2jax.sar import radiometry

FLOOR = 1e-6  # Of the reference's mean; keeps the logarithm of zeros finite.


def _pixels(*images: np.ndarray) -> list[np.ndarray]:
    """Returns the valid pixels of each, [N] float64."""
    valid = together(*images)
    return [np.asarray(image)[valid].astype(np.float64) for image in images]


def error_db(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns 10 log10 of estimate over reference, valid pixels only, [N] dB.

    Both are floored at 1e-6 of the reference's mean; NaN if that mean is not positive.
    """
    estimate, reference = _pixels(estimate, reference)
    floor = FLOOR * reference.mean()
    if not floor > 0:
        return np.full(estimate.shape, undefined("the reference holds no power."))
    return radiometry.decibel(estimate, floor) - radiometry.decibel(reference, floor)


def rmse_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the root mean square error of the intensity in dB; lower is better."""
    return math.sqrt(np.mean(error_db(estimate, reference) ** 2))


def bias_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the mean error in dB; near +rmse^2 / 8.7 for the mean given the image."""
    return float(np.mean(error_db(estimate, reference)))


def sum_ratio_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns 10 log10 of the sums' ratio; 0 where the intensity is calibrated.

    The noisy image may stand for the reference if the scene is large: its sum varies
    with few pixels, or with a strong point.
    """
    estimate, reference = (image.sum() for image in _pixels(estimate, reference))
    if not (estimate > 0 and reference > 0):
        return undefined("the ratio of sums needs power in both images.")
    return float(radiometry.decibel(estimate / reference))


def psnr_amplitude_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the PSNR of the amplitude, dB; higher is better.

    The peak is the largest amplitude of the reference, to which the estimate is
    clipped. NaN where both are equal.
    """
    return similarity.psnr(*similarity.amplitudes(estimate, reference))


def gain_db(noisy: np.ndarray, estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the despeckling gain, dB; higher is better, 0 for the noisy image.

    10 log10 of the noisy image's mean square error of the intensity over the
    estimate's (Di Martino et al., TGRS 2014).
    """
    noisy, estimate, reference = _pixels(noisy, estimate, reference)
    before = np.mean(radiometry.power(noisy - reference))
    after = np.mean(radiometry.power(estimate - reference))
    if not (before > 0 and after > 0):
        return undefined("the gain needs an error before and after.")
    return float(radiometry.decibel(before / after))


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
