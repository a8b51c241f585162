"""One image of a file, of whatever format, whose rows are read as they are needed."""

import functools
import importlib.util
import os
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from absl import logging

from pgd2jax.raster import (
    gdal,
    geotiff,
    hdf5,
    numpy_files,
    raw,
    sentinel1,
    sicd,
)
from pgd2jax.raster.errors import RasterError, reading


class Format(NamedTuple):
    """How a file is read.

    Attributes:
        open: (path) or, where `layers` is given, (path, name of one) -> its image.
        layers: path -> names of the images in a file, for formats that hold several.
        grid: Whether the images have a place on the ground, to be handed on.
    """

    open: Callable
    layers: Callable | None = None
    grid: bool = True


HDF5 = Format(hdf5.Dataset, hdf5.layers)
NUMPY = Format(numpy_files.Mapped, grid=False)
SICD = Format(sicd.Sicd)
TIFF = Format(geotiff.Tiff)

ANNOTATED = {"deburst": "bursts", "gain": "calibration", "noise": "thermal noise"}

SUFFIXES = {
    ".npy": NUMPY,
    ".npz": NUMPY,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".h5": HDF5,
    ".hdf5": HDF5,
    ".ntf": SICD,
    ".nitf": SICD,
}


def _known(path: pathlib.Path) -> Format | None:
    """Returns the format of a file, unless it is for GDAL to find out."""
    if sentinel1.is_product(path):
        return Format(sentinel1.Measurement, sentinel1.layers)
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    return Format(raw.Raw) if raw.header(path) else None


def is_image(path: str | os.PathLike) -> bool:
    """Returns whether a file, or a folder, is an image by its name and neighbours."""
    return _known(pathlib.Path(path)) is not None


def format_of(path: str | os.PathLike) -> Format:
    """Returns how a file is read.

    Raises:
        RasterError: if there is no such file, or nothing reads it.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise RasterError(f"{path}: there is no such file.")
    if not (path.is_file() or path.is_dir()):
        raise RasterError(f"{path}: is neither a file nor a folder.")
    found = _known(path)
    if found:
        if path.parent.name == "measurement" and sentinel1.is_product(path.parents[1]):
            logging.warning(
                "%s: despeckled as one piece; give %s instead, which tells its bursts.",
                path,
                path.parents[1],
            )
        return found
    if path.is_file() and importlib.util.find_spec("rasterio"):
        return Format(gdal.Gdal)
    if path.is_dir():
        raise RasterError(f"{path}: is a folder, but no product; name its files.")
    raise RasterError(
        f"{path}: of no known format; known are {', '.join(SUFFIXES)}, Sentinel-1 "
        "SAFE, raw binaries with a header (.hdr, .xml or .par) beside them, and, with "
        'pip install "pgd2jax[geo]", what GDAL reads.'
    )


def layers(path: str | os.PathLike) -> tuple[str | None, ...]:
    """Returns the names of the images in a file; (None,) for formats that hold one.

    Raises:
        RasterError: if it cannot be read, or holds no image.
    """
    kind = format_of(path)
    if kind.layers is None:
        return (None,)
    with reading(path):
        found = kind.layers(pathlib.Path(path))
    if not found:
        raise RasterError(f"{path}: holds no image of [rows, cols].")
    return found


class Image:
    """One band of pixels on disk, whose rows are read as they are needed.

    Attributes:
        path: Of the file.
        layer: Name of the image in the file; None where the format holds one.
        shape: (rows, cols).
        dtype: Of the pixels in the file; complex for an SLC.
        tags: GeoTIFF tags.
        unit: Of the pixels, where the file says it; else empty.
        looks: Equivalent number of looks, where the file says it; else None.
        pieces: Rows of parts that are no neighbours on the ground, as the bursts of
            Sentinel-1; one part of all rows elsewhere.
    """

    def __init__(self, path: str | os.PathLike, layer: str | None = None):
        """Opens an image.

        Args:
            path: A file, or a folder in SAFE format; see `format_of`.
            layer: One of `layers(path)`; None will do where there is but one.

        Raises:
            RasterError: if the file is missing, damaged, holds more than one band or
                is of a type that holds no pixels.
        """
        self.path = path = pathlib.Path(path)
        kind = format_of(path)
        names = layers(path)
        if layer is None and len(names) == 1:
            layer = names[0]
        if layer not in names:
            if names == (None,):
                raise RasterError(
                    f"{path}: holds one image, without a name; leave --layer out."
                )
            raise RasterError(
                f"{path}: holds {', '.join(map(str, names))}; choose one of them "
                "with --layer, in Python layer=."
            )
        self.layer = layer
        with reading(path):
            opener = (
                kind.open
                if layer is None
                else functools.partial(kind.open, layer=layer)
            )
            self._file = opener(path)
        self._closed = False
        self.tags = self._file.tags
        self.looks = getattr(self._file, "looks", None)
        self.shape, dtype = self._file.shape, self._file.dtype
        try:
            with reading(path):
                value = geotiff.nodata(self.tags)
                self.unit = getattr(self._file, "unit", None) or geotiff.unit(self.tags)
            if len(self.shape) != 2:
                raise RasterError(
                    f"{path}: shape={self.shape}, but one band of [rows, cols] is "
                    "needed; write the band to a file of its own, real and imaginary "
                    "parts to one complex band."
                )
            if dtype is None or dtype.kind not in "uifc":
                raise RasterError(f"{path}: {dtype=} holds no pixels.")
        except RasterError:
            self.close()
            raise
        self.pieces = getattr(self._file, "pieces", (slice(0, self.shape[0]),))
        # Zeros may be data where they are single (`sar.pixels` decides).
        self._nodata = None if value == 0 else value
        self.dtype = dtype

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols].

        Where the file says that there are no data, but for zeros, they are NaN, and
        integers come as floats.

        Raises:
            RasterError: if the file is damaged there, or the image was closed.
        """
        if self._closed:
            raise RasterError(f"{self.path}: was closed; open it again.")
        with reading(self.path):
            pixels = self._file.rows(start, stop)
        if self._nodata is None or np.isnan(self._nodata):
            return pixels
        dtype = np.result_type(self.dtype, np.float32)
        nan = np.array(np.nan, dtype)
        return np.where(pixels == self._nodata, nan, pixels.astype(dtype))

    def deburst(self) -> tuple[tuple[slice, ...], tuple[geotiff.Tag, ...]]:
        """Returns which rows make one image of its bursts, and the tags of that.

        Raises:
            RasterError: if the file says nothing of it; only Sentinel-1 products do.
        """
        return self._annotated("deburst")

    def gain(self, quantity: str):
        """Returns the amplitude that stands for a backscatter of 1, as `Vectors`.

        Args:
            quantity: "sigma0", "beta0" or "gamma0".

        Raises:
            RasterError: if the file says nothing of it; only Sentinel-1 products do.
        """
        return self._annotated("gain", quantity)

    def noise(self):
        """Returns the power of thermal noise: `Vectors`, and their factors by line.

        Raises:
            RasterError: if the file says nothing of it; only Sentinel-1 products do.
        """
        return self._annotated("noise")

    def _annotated(self, what: str, *args):
        if not hasattr(self._file, what):
            raise RasterError(
                f"{self.path}: has no annotation of {ANNOTATED[what]}; only a "
                "Sentinel-1 product in SAFE format has one."
            )
        with reading(self.path):
            return getattr(self._file, what)(*args)

    def close(self) -> None:
        """Closes the file."""
        self._closed = True
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
