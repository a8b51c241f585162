"""Images on disk: TIFF, GeoTIFF and NumPy; written whole or not at all."""

from pgd2jax.raster.atomic import check_folder, replacing
from pgd2jax.raster.files import (
    FORMATS,
    READ,
    Image,
    Raster,
    RasterError,
    check_format,
    read,
    write,
    write_rows,
)
from pgd2jax.raster.geotiff import result_tags
from pgd2jax.raster.quicklook import Quicklook
from pgd2jax.raster.stack import read_stack, series

__all__ = [
    "FORMATS",
    "READ",
    "Image",
    "Quicklook",
    "Raster",
    "RasterError",
    "check_folder",
    "check_format",
    "read",
    "read_stack",
    "replacing",
    "result_tags",
    "series",
    "write",
    "write_rows",
]
