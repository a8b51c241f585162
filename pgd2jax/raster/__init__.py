"""Images on disk: read in many formats, written whole or not at all."""

from pgd2jax.raster.atomic import check_folder, check_new, replacing, temporary
from pgd2jax.raster.errors import RasterError, in_a_line, named
from pgd2jax.raster.files import (
    FORMATS,
    Raster,
    check_format,
    check_space,
    read,
    write,
    write_rows,
)
from pgd2jax.raster.geotiff import described, place_tags, result_tags
from pgd2jax.raster.image import Image, format_of, is_image, layers
from pgd2jax.raster.quicklook import Quicklook
from pgd2jax.raster.stack import read_stack, series

__all__ = [
    "FORMATS",
    "Image",
    "Quicklook",
    "Raster",
    "RasterError",
    "check_folder",
    "check_format",
    "check_new",
    "check_space",
    "described",
    "format_of",
    "in_a_line",
    "is_image",
    "layers",
    "named",
    "place_tags",
    "read",
    "read_stack",
    "replacing",
    "result_tags",
    "series",
    "temporary",
    "write",
    "write_rows",
]
