"""SAR products in HDF5: NISAR RSLC, GSLC and GCOV, OPERA CSLC-S1, and the like.

Sources: "NISAR L1 RSLC Product Specification", JPL D-102268; "OPERA CSLC-S1 Product
Specification", JPL D-108278.
"""

import pathlib
import re

import numpy as np
from absl import logging

from pgd2jax.raster import errors, geokeys

SMALLEST = 16  # Rows and columns of what is an image, and no table.
POLARISATION = re.compile(r"([HVLR][HV])\1?")  # Also of a power, as HHHH.


def _library(path: pathlib.Path):
    with errors.needing(path, "hdf5"):
        import h5py
    return h5py


def _is_complex(dtype: np.dtype) -> bool:
    return dtype.kind == "c" or dtype.names in (("r", "i"), ("real", "imag"))


def _images(file, h5py) -> dict[str, str]:
    """Returns the path of each image in a file, by its name.

    Images are called by a polarisation. Without any such, they are all complex arrays,
    and without these all of floating point; but nothing that is metadata.
    """
    found = {"polarisation": [], "complex": [], "real": []}

    def visit(path, item):
        if not isinstance(item, h5py.Dataset) or len(item.shape or ()) != 2:
            return
        *folders, name = path.split("/")
        if "metadata" in folders or min(item.shape) < SMALLEST:
            return
        kind = "complex" if _is_complex(item.dtype) else "real"
        if kind == "complex" or item.dtype.kind == "f":
            named = POLARISATION.fullmatch(name)
            found["polarisation" if named else kind].append(path)

    file.visititems(visit)
    paths = next(filter(None, found.values()), [])
    parts = [path.split("/") for path in paths]
    # The band is part of the name, also of products of one band.
    bands = any(part[-2:-1] and part[-2].startswith("frequency") for part in parts)
    for length in range(1 + bands, 1 + max(map(len, parts), default=0)):
        names = ["-".join(part[-length:]) for part in parts]
        if len(set(names)) == len(paths):
            return dict(zip(names, paths, strict=True))
    return {}


def layers(path: pathlib.Path) -> tuple[str, ...]:
    """Returns the names of the images of a file, as "HH" or "frequencyA-HH"."""
    h5py = _library(path)
    with h5py.File(path, "r") as file:
        return tuple(_images(file, h5py))


class Dataset:
    """An image, whose rows are read as they are needed.

    Attributes:
        shape: (rows, cols).
        dtype: Of the pixels; pairs of half precision come as complex64.
        tags: GeoTIFF tags, of coordinates beside the image.
    """

    def __init__(self, path: pathlib.Path, layer: str):
        """Opens an image of a file."""
        h5py = _library(path)
        self._file = h5py.File(path, "r")
        try:
            self._data = self._file[_images(self._file, h5py)[layer]]
            if self._data.is_virtual or self._data.external:
                # Where those are missing it would read zeros.
                raise errors.UnfitError(
                    "its pixels lie in other files; write them to one"
                )
            self.shape = self._data.shape
            self.dtype = self._data.dtype
            if self.dtype.names:
                self.dtype = np.result_type(self.dtype[0], np.complex64)
            self.tags = ()
            try:
                self.tags = _geography(self._data)
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                logging.warning(
                    "%s: its place on the ground is not kept: %s.", path, error
                )
        except BaseException:
            self._file.close()
            raise

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols]."""
        pixels = self._data[start:stop]
        if pixels.dtype.names is None:
            return pixels
        real, imaginary = (pixels[name] for name in pixels.dtype.names)
        result = np.empty(pixels.shape, self.dtype)
        result.real, result.imag = real, imaginary
        return result

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _geography(data) -> tuple:
    """Returns the tags of a geocoded image; none of one in radar coordinates."""
    group = data.parent
    for x, y in (("xCoordinates", "yCoordinates"), ("x_coordinates", "y_coordinates")):
        if x in group and y in group and "projection" in group:
            x, y = group[x][:2], group[y][:2]
            projection = group["projection"]
            code = projection.attrs.get("epsg_code", projection[()])
            code = int(np.ravel(code)[0])
            col_spacing, row_spacing = float(x[1] - x[0]), float(y[0] - y[1])
            return geokeys.tags(
                code,
                float(x[0]) - col_spacing / 2,
                float(y[0]) + row_spacing / 2,
                col_spacing,
                row_spacing,
            )
    return ()
