"""Measures that need no reference, for one image of linear power, [H, W]."""

import numpy as np

WINDOW = 32  # Rows and columns, where homogeneous ground is looked for.


def enl(intensity: np.ndarray) -> float:
    """Returns the equivalent number of looks, mean^2 / variance, of flat ground.

    Args:
        intensity: Linear power of a homogeneous window; NaN pixels are left out.

    Returns:
        1 for single-look speckle; infinity for a constant window.
    """
    values = np.asarray(intensity, np.float64)
    variance = np.nanvar(values)
    return float(np.nanmean(values) ** 2 / variance) if variance else float("inf")


def flattest_window(
    intensity: np.ndarray, size: int = WINDOW, within: np.ndarray | None = None
) -> tuple[slice, slice]:
    """Finds the most homogeneous window of a noisy image.

    Choose on the noisy image, never on the despeckled one, which would reward what
    invents flatness.

    Args:
        intensity: Noisy linear power, [H, W].
        size: Rows and columns of the window; windows start at multiples of a quarter.
        within: Bool, [H, W]; only windows that lie in it wholly count.

    Returns:
        (row_slice, col_slice) of the window whose 8 x 8 block means vary least,
        relative to their mean.

    Raises:
        ValueError: if no window fits.
    """
    rows, cols = intensity.shape
    best, found = np.inf, None
    block = size // 4
    for row in range(0, rows - size + 1, block):
        for col in range(0, cols - size + 1, block):
            window = (slice(row, row + size), slice(col, col + size))
            if within is not None and not within[window].all():
                continue
            means = intensity[window].reshape(4, block, 4, block).mean(axis=(1, 3))
            level = means.mean()
            if level > 0 and np.isfinite(level) and means.std() / level < best:
                best, found = means.std() / level, window
    if found is None:
        raise ValueError(f"no valid window of {size=} in {intensity.shape=}.")
    return found


def ratio(noisy: np.ndarray, despeckled: np.ndarray) -> np.ndarray:
    """Returns noisy over despeckled: pure speckle of mean 1 if nothing was lost.

    Pixels without power or data are NaN.
    """
    if noisy.shape != despeckled.shape:
        raise ValueError(f"{noisy.shape=} and {despeckled.shape=} must be equal.")
    whole = np.full(noisy.shape, np.nan, np.float32)
    return np.divide(noisy, despeckled, out=whole, where=despeckled > 0)
