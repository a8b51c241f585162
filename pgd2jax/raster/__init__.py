"""Images on disk: TIFF, GeoTIFF and NumPy; written whole or not at all."""

from pgd2jax.raster.files import FORMATS, Raster, RasterError, read, write

__all__ = ["FORMATS", "Raster", "RasterError", "read", "write"]
