"""An image file as the network takes it."""

import numpy as np

from pgd2jax import raster
from pgd2jax.sar import pixels


class Source:
    """Complex samples or linear power of an image, row by row.

    Attributes:
        image: The file.
        kind: What its pixels are taken for: "slc", "intensity" or "amplitude".
        shape: (rows, cols).
        dtype: complex64 for SLC, else float32.
    """

    def __init__(self, image: raster.Image, kind: str = "auto"):
        """Takes an open file and what its pixels are, one of `pixels.KINDS`.

        Raises:
            ValueError: if it has no pixels, or they cannot be of that kind.
        """
        self.image, self.shape = image, image.shape
        with raster.named(image.path):
            self.kind = pixels.kind_of(image, kind)
            if not np.prod(image.shape):
                raise ValueError(f"{image.shape=} has no pixels.")
        self.dtype = np.dtype(np.complex64 if self.kind == "slc" else np.float32)

    def looks(self, given: float | None) -> float | None:
        """Returns the equivalent number of looks, as given or as the file says."""
        return self.image.looks if given is None else given

    def read(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols].

        Raises:
            RasterError: if they cannot be read.
            ValueError: if they cannot be of that kind; who reads names the file.
        """
        samples = self.image.rows(start, stop)
        if self.kind != "slc":
            return pixels.intensity_of(samples, self.kind)
        return samples.astype(self.dtype, copy=False)
