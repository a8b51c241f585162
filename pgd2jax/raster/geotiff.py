"""GeoTIFF through tifffile alone: pixels in, pixels out, geography kept."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tifffile

# Tags that place an image on the ground, and GDAL's metadata and no-data value
# (OGC GeoTIFF 1.1, annex; GDAL GTiff driver): name by number.
GEO_TAGS = {
    33550: "ModelPixelScale",
    33922: "ModelTiepoint",
    34264: "ModelTransformation",
    34735: "GeoKeyDirectory",
    34736: "GeoDoubleParams",
    34737: "GeoAsciiParams",
    42112: "GDAL_METADATA",
    42113: "GDAL_NODATA",
    50844: "RPCCoefficient",
}

# (code, type, count, value, write once), as tifffile takes them.
Tag = tuple[int, int, int, object, bool]


def read(path: str | os.PathLike) -> tuple[np.ndarray, tuple[Tag, ...]]:
    """Returns the pixels, [H, W] or [H, W, bands], and the geo tags.

    Overviews are passed over; several images in one file raise a ValueError.
    Complex int16, the type of Sentinel-1 SLC files, comes as complex64.
    """
    with tifffile.TiffFile(path) as file:
        whole = [page for page in file.pages if not page.is_reduced]
        if len(whole) != 1:
            raise ValueError(f"it holds {len(whole)} images, but one is needed")
        (page,) = whole
        pixels = page.asarray()
        tags = tuple(
            (tag.code, int(tag.dtype), tag.count, tag.value, True)
            for tag in page.tags
            if tag.code in GEO_TAGS
        )
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
            pixels = np.moveaxis(pixels, 0, -1)
    return pixels, tags


def write(path: pathlib.Path, pixels: np.ndarray, tags: Sequence[Tag]) -> None:
    """Writes [H, W] pixels in deflated tiles; BigTIFF from 4 GiB on."""
    tifffile.imwrite(
        path,
        pixels,
        bigtiff=pixels.nbytes >= 2**32 - 2**25,
        photometric="minisblack",
        tile=(256, 256),
        compression="adobe_deflate",
        predictor=3 if pixels.dtype.kind == "f" else None,
        extratags=tags,
        metadata=None,
        software="pgd2jax",
    )
