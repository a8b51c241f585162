"""Despeckles arrays of xarray, with their names and coordinates."""

from typing import TYPE_CHECKING

import numpy as np

from pgd2jax.infer.despeckler import Despeckler

if TYPE_CHECKING:
    import xarray


def despeckle(
    despeckler: Despeckler, array: "xarray.DataArray", looks: float | None = None
) -> "xarray.DataArray":
    """Despeckles images in an array, one after the other.

    Args:
        despeckler: Of `infer.load`.
        array: Complex samples or linear power; the last two dimensions are rows and
            columns, any before them dates, polarisations and the like.
        looks: As for the despeckler.

    Returns:
        Intensity with the dimensions, coordinates and attributes of `array`, float32
        linear power; lazy where `array` is.

    Raises:
        ValueError: if it has no two dimensions, or the despeckler refuses an image.
    """
    import xarray

    if array.ndim < 2:
        raise ValueError(f"{array.dims=} must end in rows and columns.")

    def one(image: np.ndarray) -> np.ndarray:
        if not image.size:  # As dask asks, for the type of the result.
            return np.empty(image.shape, np.float32)
        if np.iscomplexobj(image):
            return despeckler(image, looks=looks)
        return despeckler(intensity=image, looks=looks)

    side = list(array.dims[-2:])
    return xarray.apply_ufunc(
        one,
        array,
        input_core_dims=[side],
        output_core_dims=[side],
        vectorize=True,
        keep_attrs=True,
        dask="parallelized",
        output_dtypes=[np.float32],
    )
