"""What GDAL reads, and cloud-optimised GeoTIFF, through rasterio."""

import contextlib
import io
import pathlib
import warnings
from collections.abc import Iterator

import numpy as np

from pgd2jax.raster import errors, geotiff


def _library(path: pathlib.Path):
    with errors.needing(path, "geo"):
        import rasterio
        import rasterio.shutil
    return rasterio


def check(path: pathlib.Path) -> None:
    """Raises RasterError if rasterio is not installed."""
    _library(path)


def optimise(source: pathlib.Path, target: pathlib.Path, overviews: str) -> None:
    """Makes a cloud-optimised GeoTIFF of a plain one.

    Raises:
        OSError: if it cannot be written.
    """
    rasterio = _library(target)
    try:
        rasterio.shutil.copy(
            source,
            target,
            driver="COG",
            compress="deflate",
            predictor="yes",
            overview_resampling=overviews,
            bigtiff="if_safer",
            num_threads=geotiff.THREADS,
        )
    except rasterio.errors.RasterioError as error:
        raise OSError(error) from error


class Gdal:
    """One image, whose rows are read as they are needed.

    Attributes:
        shape: (rows, cols), or (bands, rows, cols).
        dtype: Of the pixels; complex int16 comes as complex64.
        tags: GeoTIFF tags that say what GDAL knows of its place on the ground.
        unit: Of the pixels; empty if not known.
    """

    def __init__(self, path: pathlib.Path):
        """Opens a file."""
        rasterio = _library(path)
        try:
            with _in_radar_coordinates(rasterio):
                self._file = rasterio.open(path)
        except rasterio.errors.RasterioIOError as error:
            raise ValueError(error) from error
        self._failed = rasterio.errors.RasterioIOError
        if not self._file.count:
            within = ", ".join(self._file.subdatasets) or "none"
            self.close()
            raise errors.UnfitError(
                f"it holds no image of its own but others, {within}; take one out with "
                "gdal_translate."
            )
        self.shape = self._file.shape
        if self._file.count != 1:
            self.shape = (self._file.count, *self.shape)
        name = self._file.dtypes[0]
        self.dtype = np.dtype("c8" if name == "complex_int16" else name)
        try:
            geotiff.check_scale(self.dtype, self._file.scales[0], self._file.offsets[0])
            self.tags = _tags(rasterio, self._file)
        except BaseException:
            self.close()
            raise
        self.unit = self._file.units[0] or ""

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols]."""
        window = ((start, stop), (0, self.shape[-1]))
        try:
            pixels = self._file.read(1, window=window)
        except self._failed as error:  # GDAL's reason is the cause.
            raise ValueError(error.__cause__ or error) from error
        return pixels.astype(self.dtype, copy=False)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


@contextlib.contextmanager
def _in_radar_coordinates(rasterio) -> Iterator[None]:
    """Lets an image have no place on the ground."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield


def _tags(rasterio, file) -> tuple[geotiff.Tag, ...]:
    """Returns the tags that GDAL gives to a GeoTIFF of the same place."""
    points, projection = file.gcps
    place = {"crs": file.crs, "rpcs": file.rpcs}
    if points:
        place |= {"crs": projection, "gcps": points}
    elif not file.transform.is_identity:
        place["transform"] = file.transform
    kind = {"driver": "GTiff", "width": 1, "height": 1, "count": 1, "dtype": "float64"}
    with rasterio.MemoryFile() as memory, _in_radar_coordinates(rasterio):
        with memory.open(**kind, **place, nodata=file.nodata):
            pass
        tiff = geotiff.Tiff(io.BytesIO(memory.read()))
    tiff.close()
    return tiff.tags
