"""One image of a product, with what its annotation says of it."""

import contextlib
import pathlib
import re

import numpy as np

from pgd2jax.raster import geotiff
from pgd2jax.raster.sentinel1 import annotation
from pgd2jax.raster.sentinel1.product import Product

NO_DATA = (geotiff.NODATA, 2, 4, "nan", True)  # ASCII, three letters and a zero.
DENOISED = "imageAnnotation/processingInformation/thermalNoiseCorrectionPerformed"
QUANTITIES = {"sigma0": "sigmaNought", "beta0": "betaNought", "gamma0": "gamma"}
# Equivalent number of looks of GRD products by mode and resolution: "Sentinel-1 Product
# Definition", S1-RS-MDA-52-7440, 2016, table 5-1.
LOOKS = {
    ("IW", "GRDH"): 4.4,
    ("IW", "GRDM"): 81.8,
    ("EW", "GRDH"): 2.7,
    ("EW", "GRDM"): 10.7,
    ("SM", "GRDF"): 3.7,
    ("SM", "GRDH"): 29.7,
    ("SM", "GRDM"): 398.4,
}


def _looks(product: str) -> float | None:
    """Returns the looks of a GRD product by its name; None if it does not tell."""
    found = re.match(r"S1._(IW|EW|S\d)_(GRD[FHM])_", product)
    if not found:
        return None
    mode, kind = found.groups()
    return LOOKS.get(("SM" if mode.startswith("S") else mode, kind))


class Measurement:
    """An image, whose rows are read as they are needed.

    Where a burst holds no data, it is NaN.

    Attributes:
        shape: (rows, cols).
        dtype: complex64 of SLC, float32 or uint16 of GRD.
        tags: Those of its TIFF.
        looks: Equivalent number of looks, of GRD whose product has its usual name.
        pieces: Rows of each burst. Between bursts the ground and the time jump.
    """

    def __init__(self, path: pathlib.Path, layer: str):
        """Opens an image of a product.

        Raises:
            ValueError: if a file of it is missing or damaged, or they disagree.
        """
        self._product, self._layer = Product(path), layer
        self.looks = _looks(self._product.name)
        with contextlib.ExitStack() as files:
            files.callback(self._product.close)
            root = self._product.parse(layer)
            place = self._product.measurement(layer)
            if not isinstance(place, pathlib.Path):
                files.enter_context(place)
            self._tiff = geotiff.Tiff(place)
            files.callback(self._tiff.close)
            self._check(root)
            self._bursts = annotation.bursts(root, self.shape[0])
            self._files = files.pop_all()
        self.pieces = tuple(burst.rows for burst in self._bursts) or (
            slice(0, self.shape[0]),
        )
        if self._bursts:
            self.tags = (*(t for t in self.tags if t[0] != geotiff.NODATA), NO_DATA)

    def _check(self, root) -> None:
        self.shape, self.dtype = self._tiff.shape, self._tiff.dtype
        self.tags = self._tiff.tags
        said = tuple(
            int(annotation.text(root, f"imageAnnotation/imageInformation/{name}"))
            for name in ("numberOfLines", "numberOfSamples")
        )
        if said != self.shape:
            raise ValueError(f"its TIFF is {self.shape}, its annotation says {said}")
        kind = annotation.text(root, "adsHeader/productType")
        if (kind == "SLC") != (self.dtype.kind == "c"):
            raise ValueError(f"it is {kind}, but the pixels of its TIFF {self.dtype}")

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols]."""
        pixels = self._tiff.rows(start, stop)
        for rows, first, last in self._bursts:
            top, bottom = max(rows.start, start), min(rows.stop, stop)
            if top >= bottom:
                continue
            line = slice(top - rows.start, bottom - rows.start)
            part = pixels[top - start : bottom - start]
            column = np.arange(self.shape[1])
            inside = (column >= first[line, None]) & (column <= last[line, None])
            part[~inside | (first[line, None] < 0)] = np.nan
        return pixels

    def gain(self, quantity: str) -> annotation.Vectors:
        """Returns the amplitude that stands for a backscatter of 1.

        Args:
            quantity: One of `QUANTITIES`.
        """
        root = self._product.parse(self._layer, "calibration")
        return annotation.vectors(
            root, "calibrationVectorList/calibrationVector", QUANTITIES[quantity]
        )

    def noise(self) -> tuple[annotation.Vectors, tuple[annotation.AzimuthNoise, ...]]:
        """Returns the power of thermal noise; see `annotation.noise`.

        Raises:
            ValueError: if the product is free of it already.
        """
        done = self._product.parse(self._layer).findtext(DENOISED, "false")
        if done.strip().lower() == "true":
            raise ValueError("its thermal noise has been taken off already")
        return annotation.noise(self._product.parse(self._layer, "noise"), self.shape)

    def close(self) -> None:
        """Closes the files."""
        self._files.close()
