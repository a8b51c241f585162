"""Checks an image that is given as an array."""

import numpy as np


def checked(slc, intensity) -> np.ndarray:
    """Returns the one of both that is given, what is masked in it as NaN.

    Raises:
        ValueError: if it is empty, not [H, W] or of a wrong type.
    """
    if (slc is None) == (intensity is None):
        raise ValueError("give either slc or intensity.")
    name = "slc" if intensity is None else "intensity"
    image = slc if intensity is None else intensity
    if np.ma.isMaskedArray(image) and image.dtype.kind in "cf":
        image = image.filled(np.nan)
    image = np.asarray(image)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"{name}: {image.shape=} must be [rows, cols], not empty.")
    if name == "slc":
        if image.dtype.kind != "c":
            raise ValueError(
                f"slc: {image.dtype=} must be complex; give real power as intensity=."
            )
        return image
    if image.dtype.kind == "c":
        raise ValueError(f"intensity: {image.dtype=} must be real; give slc= instead.")
    if image.dtype.kind in "iu":
        raise ValueError(
            f"intensity: {image.dtype=} must be floats; numbers of integers, as of "
            "Sentinel-1 GRD, are amplitudes: give intensity=x.astype(float) ** 2."
        )
    if image.dtype.kind != "f":
        raise ValueError(f"intensity: {image.dtype=} must be floats, of NumPy.")
    return image
