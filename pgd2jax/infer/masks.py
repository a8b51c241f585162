"""Fills pixels without data, so that their neighbours take no harm."""

import numpy as np
from scipy import ndimage

FAR = 48  # Pixels from data beyond which a gap is filled with one value.
MARGIN = 2 * FAR  # How far away the pixels that fill a gap lie at most.


def fill(image: np.ndarray, missing: np.ndarray, value: float) -> np.ndarray:
    """Replaces missing pixels by the data mirrored at the edge of the gap.

    Speckle goes on, so that the network sees no edge. Where the mirrored pixel is
    missing too, the nearest is taken. Nothing farther than `MARGIN` away matters, so
    that a part of a scene is filled like the whole.

    Args:
        image: [H, W], any type.
        missing: Bool, [H, W].
        value: What to take farther than `FAR` from all data.
    """
    if not missing.any():
        return image
    filled = np.where(missing, image.dtype.type(value), image)
    if missing.all():
        return filled
    distance, nearest = ndimage.distance_transform_edt(missing, return_indices=True)
    row, col = np.nonzero(missing & (distance <= FAR))
    near_row, near_col = nearest[:, row, col]
    far_row = np.clip(2 * near_row - row, 0, image.shape[0] - 1)
    far_col = np.clip(2 * near_col - col, 0, image.shape[1] - 1)
    lost = missing[far_row, far_col]
    filled[row, col] = image[
        np.where(lost, near_row, far_row), np.where(lost, near_col, far_col)
    ]
    return filled
