"""Pixels without data: found, filled so that neighbours take no harm, and put back."""

import numpy as np
from scipy import ndimage

# Zeros are data where single (quantised sea) and no data where they fill a square.
EMPTY = 5


def no_data(power: np.ndarray) -> np.ndarray:
    """Returns where an intensity holds no data, bool [H, W].

    That is where it is not finite, and where whole squares of `EMPTY` pixels, or a
    side shorter than that, are zero.
    """
    zero = power == 0
    if zero.any():
        size = tuple(min(EMPTY, side) for side in power.shape)
        zero = ndimage.binary_opening(
            np.pad(zero, EMPTY, mode="edge"), np.ones(size, bool)
        )[EMPTY:-EMPTY, EMPTY:-EMPTY]
    return zero | ~np.isfinite(power)


def fill(image: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Replaces missing pixels by the data mirrored at the edge of the gap.

    Speckle goes on, so that the network sees no edge. Where the mirrored pixel is
    missing too, the nearest is taken.

    Args:
        image: [H, W], any type.
        missing: Bool, [H, W]; not all true.
    """
    if not missing.any():
        return image
    nearest = ndimage.distance_transform_edt(
        missing, return_distances=False, return_indices=True
    )
    row, col = np.nonzero(missing)
    near_row, near_col = nearest[:, row, col]
    far_row = np.clip(2 * near_row - row, 0, image.shape[0] - 1)
    far_col = np.clip(2 * near_col - col, 0, image.shape[1] - 1)
    lost = missing[far_row, far_col]
    filled = image.copy()
    filled[row, col] = image[
        np.where(lost, near_row, far_row), np.where(lost, near_col, far_col)
    ]
    return filled
