"""Reads and writes one image, by the suffix of its file."""

import dataclasses
import os
import pathlib
import struct
import zlib

import numpy as np
import tifffile

from pgd2jax.raster import atomic, geotiff

TIFF = (".tif", ".tiff")
FORMATS = (".npy", *TIFF)


class RasterError(ValueError):
    """An image file that cannot be read or written; the message names the mend."""


@dataclasses.dataclass(frozen=True)
class Raster:
    """An image and its place on the ground.

    Attributes:
        pixels: [H, W], in the type of the file; complex for an SLC.
        tags: GeoTIFF tags to hand on; empty for .npy.
    """

    pixels: np.ndarray
    tags: tuple[geotiff.Tag, ...] = ()


def check_format(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path.

    Raises:
        RasterError: if its suffix is none of `FORMATS`.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in FORMATS:
        raise RasterError(f"{path}: the name must end in {', '.join(FORMATS)}.")
    return path


def read(path: str | os.PathLike) -> Raster:
    """Reads one image.

    Args:
        path: A .npy file of a plain array, or a TIFF or GeoTIFF.

    Returns:
        A Raster of [H, W] pixels.

    Raises:
        RasterError: if the file is missing, damaged, holds more than one band or is
            of a type that holds no pixels.
    """
    path = check_format(path)
    if not path.is_file():
        raise RasterError(f"{path}: there is no such file.")
    tags = ()
    try:
        if path.suffix.lower() in TIFF:
            pixels, tags = geotiff.read(path)
        else:
            pixels = np.load(path, allow_pickle=False)
    except (
        tifffile.TiffFileError,
        OSError,
        ValueError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        MemoryError,
        RuntimeError,  # Of the decoders in imagecodecs.
        struct.error,
        zlib.error,
    ) as error:
        raise RasterError(
            f"{path}: cannot be read; is it whole? Copy it again. ({error})"
        ) from error
    if pixels.ndim == 3 and 1 in (pixels.shape[0], pixels.shape[-1]):
        pixels = pixels.squeeze(0 if pixels.shape[0] == 1 else -1)  # The one band.
    if pixels.ndim != 2:
        raise RasterError(
            f"{path}: {pixels.shape=}, but one band of [rows, cols] is needed; "
            "write the band to a file of its own."
        )
    if pixels.dtype.kind not in "uifc":
        raise RasterError(f"{path}: {pixels.dtype=} holds no pixels.")
    return Raster(pixels, tags)


def write(path: str | os.PathLike, raster: Raster) -> None:
    """Writes an image whole or not at all.

    Args:
        path: Ends in .npy, .tif or .tiff; its folder must exist.
        raster: What to write. A .npy file holds no tags.

    Raises:
        RasterError: if the folder is missing, read-only or full.
    """
    path = check_format(path)
    try:
        atomic.check_folder(path)
        with atomic.replacing(path) as temporary:
            if path.suffix.lower() in TIFF:
                geotiff.write(temporary, raster.pixels, raster.tags)
            else:
                np.save(temporary, raster.pixels)
    except OSError as error:
        raise RasterError(
            f"{path}: cannot be written; is there space left? ({error})"
        ) from error
