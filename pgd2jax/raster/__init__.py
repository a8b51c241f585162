"""Images on disk: TIFF, GeoTIFF and NumPy; written whole or not at all."""

from pgd2jax.raster.atomic import check_folder, replacing
from pgd2jax.raster.files import (
    FORMATS,
    Raster,
    RasterError,
    check_format,
    read,
    write,
)
from pgd2jax.raster.stack import read_stack, series

__all__ = [
    "FORMATS",
    "Raster",
    "RasterError",
    "check_folder",
    "check_format",
    "read",
    "read_stack",
    "replacing",
    "series",
    "write",
]
