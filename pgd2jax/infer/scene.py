"""Despeckles a file to a file, band by band."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pgd2jax import raster
from pgd2jax.infer.ahead import ahead
from pgd2jax.infer.despeckler import Despeckler
from pgd2jax.sar import pixels, radiometry

# What is written, by name: from linear power.
UNITS = {
    "intensity": lambda power: power,
    "amplitude": radiometry.amplitude,
    "decibel": lambda power: radiometry.decibel(np.where(power > 0, power, np.nan)),
}


class Taken(NamedTuple):
    """What the pixels of a file were taken for.

    Attributes:
        kind: "slc", "intensity" or "amplitude".
        looks: Equivalent number of looks, as given or estimated.
    """

    kind: str
    looks: float


def check_paths(
    source: str | os.PathLike, *targets: str | os.PathLike | None, overwrite: bool
) -> None:
    """Checks that an image may be read and its results written, before any work.

    Args:
        source: To be read.
        *targets: To be written; None where nothing is.
        overwrite: Whether targets may exist.

    Raises:
        ValueError: if a suffix is unknown, or a target is the source or exists.
        OSError: if the folder of a target is missing or read-only.
    """
    source = raster.check_format(source, raster.READ)
    for target in map(pathlib.Path, filter(None, targets)):
        raster.check_folder(target)
        if source.resolve() == target.resolve():
            raise ValueError(f"{target}: is the input; give the output another name.")
        if target.exists() and not overwrite:
            raise FileExistsError(f"{target}: is there already; say --overwrite.")


@contextlib.contextmanager
def _named(path: str | os.PathLike) -> Iterator[None]:
    """Puts the file's name before what is wrong with its pixels."""
    try:
        yield
    except raster.RasterError:
        raise
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def despeckle(
    despeckler: Despeckler,
    source: str | os.PathLike,
    target: str | os.PathLike,
    *,
    kind: str = "auto",
    looks: float | None = None,
    unit: str = "intensity",
    quicklook: str | os.PathLike | None = None,
    overwrite: bool = False,
    tile: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Reads an image, despeckles it and writes the result; geo tags are kept.

    Reading, computing and writing overlap, and only some bands of the image are in
    memory at once.

    Args:
        despeckler: Of `infer.load`.
        source: .npy, .npz, TIFF or GeoTIFF of complex or real pixels.
        target: .npy, .tif or .tiff; float32. It appears whole or not at all.
        kind: What the pixels of `source` are, one of `pixels.KINDS`.
        looks: As for the despeckler.
        unit: Of the result, one of `UNITS`; no data are NaN in decibels.
        quicklook: .png of the result at reduced size, if not None.
        overwrite: Whether files that exist may be replaced.
        tile: As for the despeckler.
        progress: As for the despeckler.

    Returns:
        What the pixels were taken for.

    Raises:
        RasterError: if a file cannot be read or written.
        OSError: if the folder of a target is missing or read-only, or it exists.
        ValueError: if the pixels cannot be despeckled; the message names the file.
    """
    check_paths(source, raster.check_format(target), quicklook, overwrite=overwrite)
    with raster.Image(source) as image, _named(source):
        found = pixels.kind_of(image, kind)
        if not np.prod(image.shape):
            raise ValueError(f"{image.shape=} has no pixels.")
        dtype = np.complex64 if found == "slc" else np.float32

        def read(start, stop):
            samples = image.rows(start, stop)
            if found != "slc":
                return pixels.intensity_of(samples, found)
            return samples.astype(dtype, copy=False)

        seen = despeckler.examine(read, image.shape, dtype, looks)
        bands = despeckler.bands(read, image.shape, seen, tile, progress)
        look = raster.Quicklook(image.shape)

        def results():
            for _, power in bands:
                if quicklook:
                    look.add(power)
                yield UNITS[unit](power)

        tags = raster.result_tags(image.tags)
        with contextlib.closing(ahead(results(), depth=1)) as written:
            raster.write_rows(target, written, image.shape, np.float32, tags)
        if quicklook:
            look.write(quicklook)
    return Taken(found, seen.looks)
