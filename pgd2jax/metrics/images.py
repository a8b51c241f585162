"""Checks of the images that measures take: linear power, [H, W], NaN for no data."""

import numpy as np


def together(*images: np.ndarray) -> np.ndarray:
    """Returns where all images are finite, bool [H, W].

    Raises:
        ValueError: if the shapes differ, or no pixel is finite in all.
    """
    shapes = [np.shape(image) for image in images]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2:
        raise ValueError(f"{shapes=} must be equal, [rows, cols] each.")
    valid = np.logical_and.reduce([np.isfinite(image) for image in images])
    if not valid.any():
        raise ValueError("no pixel is finite in all images.")
    return valid
