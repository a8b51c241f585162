"""Reads and writes whole images."""

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Iterable, Iterator

import numpy as np

from pgd2jax.raster import atomic, gdal, geotiff, numpy_files
from pgd2jax.raster.errors import RasterError
from pgd2jax.raster.image import Image

TIFF = (".tif", ".tiff")
FORMATS = (".npy", *TIFF)  # Written.


@dataclasses.dataclass(frozen=True)
class Raster:
    """An image and its place on the ground.

    Attributes:
        pixels: [H, W], in the type of the file; complex for an SLC.
        tags: GeoTIFF tags to hand on; empty for .npy.
        looks: Equivalent number of looks, where the file says it; else None.
    """

    pixels: np.ndarray
    tags: tuple[geotiff.Tag, ...] = ()
    looks: float | None = None


def check_format(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path.

    Raises:
        RasterError: if its suffix is none of `FORMATS`.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in FORMATS:
        raise RasterError(f"{path}: the name must end in {', '.join(FORMATS)}.")
    return path


def read(path: str | os.PathLike, layer: str | None = None) -> Raster:
    """Reads one image as a whole; see `Image`."""
    with Image(path, layer) as image:
        return Raster(image.rows(0, image.shape[0]), image.tags, image.looks)


def write(path: str | os.PathLike, raster: Raster) -> None:
    """Writes an image whole or not at all; see `write_rows`."""
    pixels = raster.pixels
    write_rows(path, [pixels], pixels.shape, pixels.dtype, raster.tags)


def check_space(
    path: pathlib.Path, shape: tuple[int, int], dtype: np.dtype, copies: int = 1
) -> None:
    """Checks that the disk has room for copies of an image, uncompressed.

    Raises:
        RasterError: if it has not.
    """
    needed = copies * int(np.prod(shape)) * np.dtype(dtype).itemsize
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise RasterError(
            f"{path}: may take {needed / 1e9:.3g} GB, but {path.parent} has "
            f"{free / 1e9:.3g} GB free; make room, or choose another place."
        )


def _counted(
    path: pathlib.Path, bands: Iterable[np.ndarray], shape: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Yields the bands.

    Raises:
        RasterError: if they are not the rows of the image, no more and no fewer.
    """
    rows = 0
    for band in bands:
        rows += len(band)
        if rows > shape[0] or band.shape[1:] != shape[1:]:
            raise RasterError(
                f"{path}: a band of {band.shape} up to row {rows} lies not in an image "
                f"of {shape}."
            )
        yield band
    if rows < shape[0]:
        raise RasterError(f"{path}: of the {shape[0]} rows of it {rows} were given.")


def write_rows(
    path: str | os.PathLike,
    bands: Iterable[np.ndarray],
    shape: tuple[int, int],
    dtype: np.dtype,
    tags: tuple[geotiff.Tag, ...] = (),
    overviews: str | None = None,
) -> None:
    """Writes an image whole or not at all, as its rows are made.

    Args:
        path: Ends in .npy, .tif or .tiff; its folder must exist.
        bands: Rows from top to bottom, [any, cols] each, `shape[0]` in all.
        shape: (rows, cols).
        dtype: Of the pixels.
        tags: GeoTIFF tags. A .npy file holds none.
        overviews: How to make those of a cloud-optimised GeoTIFF, GDAL's "average" or
            "rms"; None for a plain one.

    Raises:
        RasterError: if the folder is missing, read-only or full, if the rows are not
            those of the shape, or if a COG is asked for without rasterio.
    """
    path = check_format(path)
    if overviews:
        if path.suffix.lower() not in TIFF:
            raise RasterError(f"{path}: only a TIFF can be cloud-optimised.")
        gdal.check(path)
    try:
        atomic.check_folder(path)
        bands = _counted(path, bands, tuple(shape))
        with atomic.replacing(path) as temporary:
            check_space(path, shape, dtype, copies=2 if overviews else 1)
            if path.suffix.lower() not in TIFF:
                numpy_files.write(temporary, bands, shape, dtype)
            elif overviews is None:
                geotiff.write(temporary, bands, shape, dtype, tags)
            else:
                plain = temporary.with_name(f"plain-{temporary.name}")
                geotiff.write(plain, bands, shape, dtype, tags)
                gdal.optimise(plain, temporary, overviews)
    except FileExistsError:  # Of the bands: it came while they were made.
        raise
    except OSError as error:
        raise RasterError(
            f"{path}: cannot be written; is there space left? ({error})"
        ) from error
