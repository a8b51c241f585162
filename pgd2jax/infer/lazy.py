"""A despeckled file that is worked out where it is looked at."""

import operator
from collections.abc import Callable

import numpy as np

from pgd2jax import raster
from pgd2jax.infer.source import Source
from pgd2jax.infer.survey import Survey


class Lazy:
    """Despeckled intensity of a file, like an array of [rows, cols].

    Slices of rows work out the bands of tiles that they touch, whole images too, as
    `numpy.asarray` asks for; the band last looked at is kept. Close it, or use it in a
    `with` statement.

    Attributes:
        shape: (rows, cols).
        dtype: float32.
        kind: What the pixels were taken for: "slc", "intensity" or "amplitude".
        looks: Equivalent number of looks: given, known of the file, or estimated.
        tags: GeoTIFF tags of the file.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, source: Source, seen: Survey, bands: Callable):
        """Takes a file, what was seen of it, and rows -> the bands that hold them."""
        self._source, self._bands = source, bands
        self._last = (slice(0, 0), None)
        self.shape, self.kind, self.looks = source.shape, source.kind, seen.looks
        self.tags = source.image.tags

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key) -> np.ndarray:
        """Returns rows, or [rows, cols], for integers and slices.

        Raises:
            IndexError: if it lies outside, or is neither.
        """
        rows, cols = key if isinstance(key, tuple) and len(key) == 2 else (key, ...)
        if rows is ...:
            return self[:][key]
        if isinstance(rows, bool | np.bool_):
            raise IndexError(f"{key}: give integers or slices.")
        if not isinstance(rows, slice):
            try:
                row = range(len(self))[operator.index(rows)]
            except TypeError as error:
                raise IndexError(f"{key}: give integers or slices.") from error
            return self._rows(slice(row, row + 1))[0, cols]
        start, stop, step = rows.indices(len(self))
        wanted = range(start, stop, step)
        if not wanted:
            return np.empty((0, self.shape[1]), self.dtype)[:, cols]
        first, last = min(wanted), max(wanted)
        found = self._rows(slice(first, last + 1))
        return (found if step == 1 else found[np.array(wanted) - first])[:, cols]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False:
            raise ValueError("an image is despeckled into a new array, never without.")
        return self[:].astype(dtype or self.dtype, copy=False)

    def _rows(self, rows: slice) -> np.ndarray:
        """Returns rows in an array of their own; the last band is kept."""
        place, band = self._last
        if place.start <= rows.start and rows.stop <= place.stop:
            return band[rows.start - place.start : rows.stop - place.start].copy()
        result = np.empty((rows.stop - rows.start, self.shape[1]), self.dtype)
        with raster.named(self._source.image.path):
            for place, band in self._bands(wanted=rows):
                self._last = (place, band)
                top, bottom = max(place.start, rows.start), min(place.stop, rows.stop)
                result[top - rows.start : bottom - rows.start] = band[
                    top - place.start : bottom - place.start
                ]
        return result

    def close(self) -> None:
        """Closes the file."""
        self._source.image.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
