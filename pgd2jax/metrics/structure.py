"""What a despeckler took from the scene: structure left in the ratio image.

All take the ratio image, noisy over despeckled, from `unreferenced.ratio`, [H, W].
"""

from collections.abc import Sequence

import numpy as np
from scipy import fft, ndimage
from skimage import feature

from pgd2jax.metrics.undefined import undefined
from pgd2jax.metrics.windows import Window
from pgd2jax.sar import radiometry

LEVELS = 8  # Grey levels of the co-occurrence matrix.
SHUFFLES = 5
LAGS = 8  # Pixels, up to which correlation is looked for.
ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)


def _homogeneity(levels: np.ndarray) -> float:
    """Returns Haralick's homogeneity over four directions; level 0 is no data."""
    counts = feature.graycomatrix(
        levels, [1], ANGLES, levels=LEVELS + 1, symmetric=True
    )
    counts = counts[1:, 1:, 0].sum(axis=-1)
    apart = np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS))
    total = counts.sum()
    return float((counts / (1 + apart * apart)).sum() / total) if total else np.nan


def texture_residual(ratio: np.ndarray) -> float:
    """Returns delta h, the second-order residual of Gomez et al., per cent; best 0.

    100 |h - h0| / h, with h the homogeneity of the ratio image's co-occurrences at
    distance 1 in eight levels from its least to its largest value, and h0 its mean over
    shuffled copies. One very large ratio, as where a point was flattened, leaves all
    others in one level, and hides their texture. Speckle that is correlated itself
    leaves some, as in every image that is not resampled to independent pixels.

    Args:
        ratio: [H, W]; NaN for no data.
    """
    valid = np.isfinite(ratio)
    if not valid.any():
        return undefined("the ratio image has no finite pixel.")
    values = ratio[valid].astype(np.float64)
    low, high = values.min(), values.max()
    if not high > low:
        return undefined("a constant ratio image has no texture to shuffle.")
    level = np.minimum((values - low) / (high - low) * LEVELS, LEVELS - 1)
    level = level.astype(np.uint8) + 1
    image = np.zeros(ratio.shape, np.uint8)
    image[valid] = level
    found = _homogeneity(image)
    rng = np.random.default_rng(0)
    shuffled = []
    for _ in range(SHUFFLES):
        image[valid] = rng.permutation(level)
        shuffled.append(_homogeneity(image))
    if not found > 0:
        return undefined("the ratio image has no two neighbours.")
    return float(100 * abs(found - np.mean(shuffled)) / found)


def looks_residual(
    noisy: np.ndarray, ratio: np.ndarray, windows: Sequence[Window]
) -> float:
    """Returns r, the first-order residual of Gomez et al., per cent; best 0.

    The mean over homogeneous windows, but constant ones, of half the relative
    difference between the ENL of the noisy and of the ratio image, plus half the
    difference of the ratio's mean from 1.

    Args:
        noisy: [H, W] linear power.
        ratio: [H, W].
        windows: Homogeneous ones, of `windows.homogeneous(noisy)`.
    """
    if not windows:
        return undefined("there is no homogeneous window.")
    found = []
    for window in windows:
        parts = [np.asarray(x[window], np.float64) for x in (noisy, ratio)]
        speckle, left = (x[np.isfinite(x)] for x in parts)
        if min(speckle.size, left.size) and min(speckle.var(), left.var()) > 0:
            enl = [radiometry.power(x.mean()) / x.var() for x in (speckle, left)]
            found.append(abs(enl[0] - enl[1]) / enl[0] + abs(1 - left.mean()))
    if not found:
        return undefined("all windows of the noisy or the ratio image are constant.")
    return float(50 * np.mean(found))


def m_index(noisy: np.ndarray, ratio: np.ndarray, windows: Sequence[Window]) -> float:
    """Returns M, the sum of both residuals, per cent; lower is better, 0 ideal.

    Gomez, Ospina and Frery, "Unassisted quantitative evaluation of despeckling
    filters", Remote Sensing 2017. The noisy image itself, whose ratio is constant, has
    none.

    Args:
        noisy: [H, W] linear power.
        ratio: [H, W].
        windows: Homogeneous ones.
    """
    return looks_residual(noisy, ratio, windows) + texture_residual(ratio)


def correlation(decibel: np.ndarray) -> np.ndarray:
    """Returns the autocorrelation up to 8 pixels, [9, 17]; [0, 8] is lag 0, which is 1.

    Args:
        decibel: Any real image, [H, W]; NaN pixels do not count.
    """
    valid = np.isfinite(decibel)
    rest = np.where(valid, decibel - np.mean(decibel, where=valid), 0.0)
    shape = [fft.next_fast_len(n + LAGS, real=True) for n in rest.shape]
    sums = []
    for image in (rest, valid.astype(np.float64)):
        spectrum = fft.rfft2(image, shape)
        power = spectrum.real**2 + spectrum.imag**2
        whole = fft.irfft2(power, shape)
        columns = np.arange(-LAGS, LAGS + 1)
        sums.append(whole[: LAGS + 1][:, columns])
    mean = sums[0] / np.maximum(sums[1], 1)
    return mean / mean[0, LAGS] if mean[0, LAGS] > 0 else np.full(mean.shape, np.nan)


def excess_correlation(
    ratio: np.ndarray, noisy: np.ndarray, windows: Sequence[Window]
) -> float:
    """Returns the correlation in the ratio image beyond the speckle's own; best 0.

    The root mean square, over lags of up to 8 pixels, of the autocorrelation of the
    ratio image in dB less that of the speckle in dB, measured in homogeneous windows of
    the noisy image. Lost edges and texture make it positive, over-fitted speckle
    negative; both count. With one window of 32 x 32 pure speckle has 0.03, with eight
    0.01.

    Args:
        ratio: [H, W].
        noisy: [H, W] linear power.
        windows: Homogeneous ones.
    """
    if not windows:
        return undefined("there is no homogeneous window.")
    decibels = [_decibel(noisy[window]) for window in windows]
    own = np.mean([correlation(image) for image in decibels], axis=0)
    found = correlation(_decibel(ratio))
    later = np.ones(own.shape, bool)
    later[0, : LAGS + 1] = False  # Lag 0, and what mirrors the others.
    difference = (found - own)[later]
    if not np.isfinite(difference).all():
        return undefined("a constant image has no correlation.")
    return float(np.sqrt(np.mean(difference**2)))


def _decibel(image: np.ndarray) -> np.ndarray:
    positive = image > 0
    return np.where(
        positive, radiometry.decibel(np.where(positive, image, 1.0)), np.nan
    )


def class_biases(
    estimate: np.ndarray,
    truth: np.ndarray,
    classes: int = 4,
    around: tuple[int, int] | None = None,
) -> list[float]:
    """Returns the bias in dB of each class of brightness, the darkest first; best 0.

    Pixels are sorted by `truth` into classes of equal number, and 10 log10 of the ratio
    of the sums, estimate over truth, is taken in each class.

    Args:
        estimate: [H, W] linear power.
        truth: The reference; or the noisy image, whose pixels are then classed by
            those around: speckle that chose the class would not average out in it.
        classes: Their number.
        around: Outer and inner rows and columns of the frame by whose mean a pixel is
            classed; None for the pixel itself.
    """
    valid = np.isfinite(estimate) & np.isfinite(truth)
    filled = np.where(valid, truth, 0).astype(np.float64)
    level = filled
    if around:
        power, weight = (
            np.subtract(*(side**2 * ndimage.uniform_filter(x, side) for side in around))
            for x in (filled, valid.astype(np.float64))
        )
        level = power / np.maximum(weight, 1)
    if not valid.any():
        return [undefined("no pixel is finite in both images.")] * classes
    count = int(valid.sum())
    number = np.empty(count, np.intp)
    number[np.argsort(level[valid], kind="stable")] = (
        np.arange(count) * classes // count
    )
    sums = [
        np.bincount(number, image[valid].astype(np.float64), classes)
        for image in (estimate, truth)
    ]
    return [
        float(radiometry.decibel(one / other))
        if one > 0 and other > 0
        else undefined("a class of brightness is empty or without power.")
        for one, other in zip(*sums, strict=True)
    ]
