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

__all__ = [
    "FORMATS",
    "Raster",
    "RasterError",
    "check_folder",
    "check_format",
    "read",
    "replacing",
    "write",
]
