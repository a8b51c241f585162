"""Fills pixels without data, so that their neighbours take no harm."""

import numpy as np
from scipy import ndimage


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
