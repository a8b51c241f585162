"""A small picture of a large image."""

import os

import numpy as np
from PIL import Image

from pgd2jax.raster import atomic

SIDE = 1024  # Pixels of the longer side, at most.
RANGE = (2.0, 99.5)  # Percentiles of the decibels that are black and white.


class Quicklook:
    """Gathers the mean power of square blocks, row by row."""

    def __init__(self, shape: tuple[int, int]):
        """Takes (rows, cols) of the image."""
        self._block = block = -(-max(shape) // SIDE)
        self._cols = -(-shape[1] // block)
        down = -(-shape[0] // block)
        self._sum = np.zeros((down, self._cols))
        self._count = np.zeros((down, self._cols))
        self._row = 0

    def add(self, power: np.ndarray) -> None:
        """Takes the next rows, [rows, cols] linear power; NaN and 0 are no data."""
        block = self._block
        valid = power > 0
        starts = np.arange(self._cols) * block
        sums = np.add.reduceat(np.where(valid, power, 0), starts, axis=1)
        counts = np.add.reduceat(valid, starts, axis=1, dtype=np.float64)
        down = (self._row + np.arange(len(power))) // block
        np.add.at(self._sum, down, sums)
        np.add.at(self._count, down, counts)
        self._row += len(power)

    def write(self, path: str | os.PathLike) -> None:
        """Writes a grey .png in decibels; no data are black."""
        known = self._count > 0
        mean = self._sum / np.maximum(self._count, 1)
        decibel = 10 * np.log10(np.where(known, mean, 1))
        grey = np.zeros(mean.shape, np.uint8)
        if known.any():
            low, high = np.percentile(decibel[known], RANGE)
            part = np.clip((decibel - low) / max(high - low, 1e-6), 0, 1)
            grey = np.where(known, 1 + np.round(254 * part), 0).astype(np.uint8)
        with atomic.replacing(path) as temporary:
            Image.fromarray(grey).save(temporary, "PNG")
