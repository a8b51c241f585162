"""Reads and writes one image, by the suffix of its file."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator

import numpy as np
import tifffile

from pgd2jax.raster import atomic, geotiff, numpy_files

TIFF = (".tif", ".tiff")
FORMATS = (".npy", *TIFF)  # Written,
READ = (*FORMATS, ".npz")  # and read.


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


def check_format(
    path: str | os.PathLike, formats: tuple[str, ...] = FORMATS
) -> pathlib.Path:
    """Returns the path.

    Raises:
        RasterError: if its suffix is none of `formats`.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in formats:
        raise RasterError(f"{path}: the name must end in {', '.join(formats)}.")
    return path


@contextlib.contextmanager
def _reading(path: pathlib.Path) -> Iterator[None]:
    """Names the file in what goes wrong in it."""
    try:
        yield
    except RasterError:
        raise
    except (
        tifffile.TiffFileError,
        zipfile.BadZipFile,
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


class Image:
    """One band of pixels on disk, whose rows are read as they are needed.

    Attributes:
        path: Of the file.
        shape: (rows, cols).
        dtype: Of the pixels in the file; complex for an SLC.
        tags: GeoTIFF tags.
    """

    def __init__(self, path: str | os.PathLike):
        """Opens a file.

        Args:
            path: A .npy file of a plain array, an .npz file of one, or a TIFF or
                GeoTIFF.

        Raises:
            RasterError: if the file is missing, damaged, holds more than one band or
                is of a type that holds no pixels.
        """
        self.path = path = check_format(path, READ)
        if not path.is_file():
            raise RasterError(f"{path}: there is no such file.")
        opener = geotiff.Tiff if path.suffix.lower() in TIFF else numpy_files.Mapped
        with _reading(path):
            self._file = opener(path)
        self.tags = self._file.tags
        self.shape, dtype = self._file.shape, self._file.dtype
        try:
            with _reading(path):
                value = geotiff.nodata(self.tags)
            if len(self.shape) != 2:
                raise RasterError(
                    f"{path}: shape={self.shape}, but one band of [rows, cols] is "
                    "needed; write the band to a file of its own."
                )
            if dtype.kind not in "uifc":
                raise RasterError(f"{path}: {dtype=} holds no pixels.")
        except RasterError:
            self.close()
            raise
        # Zeros may be data where they are single (`sar.pixels` decides).
        self._nodata = None if value == 0 else value
        self.dtype = dtype

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols].

        Where the file says that there are no data, but for zeros, they are NaN, and
        integers come as floats.

        Raises:
            RasterError: if the file is damaged there.
        """
        with _reading(self.path):
            pixels = self._file.rows(start, stop)
        if self._nodata is None:
            return pixels
        dtype = np.result_type(self.dtype, np.float32)
        nan = np.array(np.nan, dtype)
        return np.where(pixels == self._nodata, nan, pixels.astype(dtype))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def read(path: str | os.PathLike) -> Raster:
    """Reads one image as a whole; see `Image`."""
    with Image(path) as image:
        return Raster(image.rows(0, image.shape[0]), image.tags)


def write(path: str | os.PathLike, raster: Raster) -> None:
    """Writes an image whole or not at all; see `write_rows`."""
    pixels = raster.pixels
    write_rows(path, [pixels], pixels.shape, pixels.dtype, raster.tags)


def write_rows(
    path: str | os.PathLike,
    bands: Iterable[np.ndarray],
    shape: tuple[int, int],
    dtype: np.dtype,
    tags: tuple[geotiff.Tag, ...] = (),
) -> None:
    """Writes an image whole or not at all, as its rows are made.

    Args:
        path: Ends in .npy, .tif or .tiff; its folder must exist.
        bands: Rows from top to bottom, [any, cols] each, `shape[0]` in all.
        shape: (rows, cols).
        dtype: Of the pixels.
        tags: GeoTIFF tags. A .npy file holds none.

    Raises:
        RasterError: if the folder is missing, read-only or full.
    """
    path = check_format(path)
    try:
        atomic.check_folder(path)
        needed = int(np.prod(shape)) * np.dtype(dtype).itemsize
        free = shutil.disk_usage(path.parent).free
        if free < needed:
            raise RasterError(
                f"{path}: may take {needed / 1e9:.3g} GB, but {path.parent} has "
                f"{free / 1e9:.3g} GB free; choose another place."
            )
        with atomic.replacing(path) as temporary:
            if path.suffix.lower() in TIFF:
                geotiff.write(temporary, iter(bands), shape, dtype, tags)
            else:
                numpy_files.write(temporary, bands, shape, dtype)
    except OSError as error:
        raise RasterError(
            f"{path}: cannot be written; is there space left? ({error})"
        ) from error
