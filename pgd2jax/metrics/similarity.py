"""PSNR and SSIM of one image of linear power, [H, W], in stated ranges.

The same pair of images has a PSNR of 30 or of 45 dB, as the range, the scale and what
is clipped are chosen, so each function says what it does. Pixels that are NaN in any
image are left out, of the SSIM with the windows that hold them. Equal images have a
PSNR of NaN, as has a constant image where it is to be scaled, both with a
`MeasureWarning`.

Sources: SSIM after Wang et al., "Image quality assessment: from error visibility to
structural similarity", TIP 2004, with uniform windows, by scikit-image. `contrastive`
after Fang et al., "Contrastive learning for real SAR image despeckling", ISPRS 2024.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage import metrics

from pgd2jax.metrics.images import together
from pgd2jax.metrics.undefined import undefined
from pgd2jax.sar import radiometry

WINDOW = 7  # Rows and columns of the SSIM's windows.
DECIBEL_RANGE = 50.0  # dB: from calm water to a strong point.


class Similarity(NamedTuple):
    """How alike two images are.

    Attributes:
        psnr: dB; higher is better.
        ssim: -1 to 1, higher is better.
    """

    psnr: float
    ssim: float


def psnr(estimate: np.ndarray, reference: np.ndarray, data_range: float) -> float:
    """Returns 10 log10(data_range^2 / mean square error), dB; arguments as below."""
    valid = together(estimate, reference)
    if not data_range > 0:
        return undefined(f"the PSNR needs {data_range=} over 0: an image is constant.")
    square = np.mean((estimate[valid] - reference[valid]) ** 2)
    if not square > 0:
        return undefined("the PSNR of equal images is infinite.")
    return float(-radiometry.decibel(square / radiometry.power(data_range)))


def similarity(
    estimate: np.ndarray, reference: np.ndarray, data_range: float
) -> Similarity:
    """Returns PSNR and SSIM of two images as they are, any scale, [H, W].

    The SSIM takes means over 7 x 7 pixels and K1 = 0.01, K2 = 0.03; it is NaN for
    images smaller than a window.

    Args:
        estimate: [H, W].
        reference: [H, W].
        data_range: What counts as the peak, in the images' unit; positive.

    Raises:
        ValueError: if the shapes differ or no pixel is finite in both.
    """
    return Similarity(
        psnr(estimate, reference, data_range), _ssim(estimate, reference, data_range)
    )


def _ssim(estimate, reference, data_range) -> float:
    valid = together(estimate, reference)
    if not data_range > 0:
        return undefined(f"the SSIM needs {data_range=} over 0: an image is constant.")
    if min(valid.shape) < WINDOW:
        return undefined(f"the SSIM needs {WINDOW} x {WINDOW} pixels.")
    guess, truth = (np.where(valid, x, 0.0) for x in (estimate, reference))
    _, local = metrics.structural_similarity(
        truth, guess, win_size=WINDOW, data_range=data_range, full=True
    )
    # As scikit-image does, windows that stand over the border do not count.
    whole = ndimage.binary_erosion(valid, np.ones((WINDOW, WINDOW)))
    if not whole.any():
        return undefined("no window of the SSIM is without gaps.")
    return float(local[whole].mean())


def amplitudes(
    estimate: np.ndarray, reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns both amplitudes, [H, W] float64, and the largest of the reference.

    To that the estimate is clipped.
    """
    guess, truth = (
        radiometry.amplitude(np.asarray(x, np.float64)) for x in (estimate, reference)
    )
    peak = truth[together(guess, truth)].max()
    return np.minimum(guess, peak), truth, float(peak)


def amplitude(estimate: np.ndarray, reference: np.ndarray) -> Similarity:
    """Returns PSNR and SSIM of the amplitude, in the range of the reference's."""
    return similarity(*amplitudes(estimate, reference))


def decibel(estimate: np.ndarray, reference: np.ndarray) -> Similarity:
    """Returns PSNR and SSIM of the intensity in dB, with a range of 50 dB.

    Both are floored 50 dB under the largest value of the reference.
    """
    valid = together(estimate, reference)
    peak = float(np.asarray(reference)[valid].max())
    if not peak > 0:
        return Similarity(*2 * (undefined("the reference holds no power."),))
    floor = peak * radiometry.from_decibel(-DECIBEL_RANGE)
    # Over the floor: SSIM compares means, and an image's level is not to matter.
    images = (radiometry.decibel(x / floor, 1.0) for x in (estimate, reference))
    return similarity(*images, DECIBEL_RANGE)


def contrastive(
    noisy: np.ndarray,
    estimate: np.ndarray,
    reference: np.ndarray,
    *,
    twice: bool = True,
) -> Similarity:
    """Returns PSNR and SSIM in the convention of Fang et al. (ISPRS 2024).

    All amplitudes are scaled so that the noisy image's smallest nonzero value is 0 and
    its largest 1; of the reference the absolute value is taken, the estimate is clipped
    to [0, 1]. Then, if `twice`, both are squared, and each is scaled again by its own
    smallest nonzero and largest value. The range is 1.

    The second scaling is worth some 10 dB and orders methods otherwise. Published
    figures (PSNR 40.09 dB, SSIM 0.953) hold for that paper's own validation tiles
    alone.

    Args:
        noisy: [H, W] linear power.
        estimate: [H, W] linear power.
        reference: [H, W] linear power.
        twice: As published; False leaves out the second step.
    """
    valid = together(noisy, estimate, reference)
    before, guess, truth = (
        np.where(valid, radiometry.amplitude(x).astype(np.float64), np.nan)
        for x in (noisy, estimate, reference)
    )
    low, high = _range(before)
    if not high > low:
        reason = "the noisy image is constant, which cannot be scaled."
        return Similarity(undefined(reason), undefined(reason))
    guess = np.clip((guess - low) / (high - low), 0, 1)
    truth = np.abs((truth - low) / (high - low))
    if twice:
        ranges = [_range(radiometry.power(x)) for x in (guess, truth)]
        if not all(high > low for low, high in ranges):
            reason = "estimate or reference is constant, which cannot be scaled."
            return Similarity(undefined(reason), undefined(reason))
        guess, truth = (
            (radiometry.power(x) - low) / (high - low)
            for x, (low, high) in zip((guess, truth), ranges, strict=True)
        )
    return similarity(guess, truth, 1.0)


def _range(image: np.ndarray) -> tuple[float, float]:
    """Returns the smallest nonzero and the largest value; (0, 0) if all are zero."""
    values = image[np.isfinite(image) & (image != 0)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
