"""Images on disk: TIFF, GeoTIFF and NumPy; written whole or not at all."""

from pgd2jax.raster.atomic import replacing
from pgd2jax.raster.files import (
    FORMATS,
    Raster,
    RasterError,
    check_target,
    read,
    write,
)

__all__ = [
    "FORMATS",
    "Raster",
    "RasterError",
    "check_target",
    "read",
    "replacing",
    "write",
]
