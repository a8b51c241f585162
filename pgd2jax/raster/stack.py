"""Reads a time series: one file a date, all of the same ground and grid."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from pgd2jax.raster import geotiff
from pgd2jax.raster.errors import RasterError, named
from pgd2jax.raster.image import Image, format_of, is_image

ROWS = 1024  # Read at once,
AROUND = 16  # with as many above and below, on which what is made of them may depend.


def series(paths: Sequence[str | os.PathLike]) -> list[pathlib.Path]:
    """Returns the files of a time series.

    Args:
        paths: Files in the order of their dates, or folders, whose images are taken
            in the order of their names.

    Raises:
        RasterError: if there are fewer than two, or a name comes twice.
    """
    found = []
    for path in map(pathlib.Path, paths):
        if path.is_dir() and not is_image(path):
            images = [p for p in path.iterdir() if not p.name.startswith(".")]
            found += sorted(filter(is_image, images))
        else:
            format_of(path)
            found.append(path)
    if len(found) < 2:
        named = ", ".join(map(str, paths))
        raise RasterError(
            f"{named}: {len(found)} images, but a time series needs two at least, each "
            "a file of one date."
        )
    names = [path.stem for path in found]
    for path in found:
        if names.count(path.stem) > 1:
            raise RasterError(
                f"{path}: there are two files of this name; name each by its date."
            )
    return found


def _without_zeros(image: Image, start: int, stop: int) -> np.ndarray:
    """Returns rows, NaN where they are 0 if the file says that 0 is no data."""
    pixels = image.rows(start, stop)
    if geotiff.nodata(image.tags) != 0:
        return pixels
    pixels = pixels.astype(np.result_type(pixels, np.float32))
    return np.where(pixels == 0, np.array(np.nan, pixels.dtype), pixels)


def _bands(
    image: Image, convert: Callable[[np.ndarray], np.ndarray]
) -> Iterator[np.ndarray]:
    """Yields what is made of a date, band by band."""
    rows = image.shape[0]
    for start in range(0, rows, ROWS):
        first, last = max(start - AROUND, 0), min(start + ROWS + AROUND, rows)
        samples = convert(_without_zeros(image, first, last))
        yield np.ascontiguousarray(samples[start - first :][:ROWS])


def _check_same(what: str, first: pathlib.Path, expected, path: pathlib.Path, value):
    if value != expected:
        raise RasterError(
            f"{path}: its {what} is not that of {first}, {value} against {expected}; "
            "co-register the series to one grid."
        )


def read_stack(
    paths: Iterable[pathlib.Path],
    convert: Callable[[np.ndarray], np.ndarray],
    layer: str | None = None,
) -> tuple[np.ndarray, tuple[geotiff.Tag, ...]]:
    """Reads a time series, band by band, into a file that is mapped to memory.

    The file lies where `tempfile` puts it (TMPDIR) and goes when the array does.

    Args:
        paths: From `series`.
        convert: What to make of some rows of a date, [rows, W]: the same type for all.
            What it makes of a row depends on 16 rows around at most.
        layer: Of the images in each file, if it holds several.

    Returns:
        [T, H, W], to be read only, and the tags that place it on the ground.

    Raises:
        RasterError: if a file cannot be read or does not fit the first, or there is no
            space left.
    """
    with tempfile.TemporaryFile() as file:
        number, first = 0, None
        for path in paths:
            with Image(path, layer) as image:
                if 0 in image.shape:
                    raise RasterError(f"{path}: {image.shape=} has no pixels.")
                grid = geotiff.place_tags(image.tags)
                if first is None:
                    first, shape, tags, kind = path, image.shape, grid, None
                _check_same("shape", first, shape, path, image.shape)
                _check_same("place on the ground", first, tags, path, grid)
                try:
                    with named(path):
                        for samples in _bands(image, convert):
                            if kind is None:
                                kind = samples.dtype
                            _check_same("dtype", first, kind, path, samples.dtype)
                            file.write(samples.data)
                except OSError as error:
                    raise RasterError(
                        f"{path}: no space left in {tempfile.gettempdir()}, where the "
                        f"series is gathered; set TMPDIR. ({error})"
                    ) from error
            number += 1
        file.flush()
        # The mapping outlives the name and the open file.
        return np.memmap(file, kind, "r", shape=(number, *shape)), tags
