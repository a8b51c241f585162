"""Reads a time series: one file a date, all of the same ground and grid."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pgd2jax.raster import files, geotiff
from pgd2jax.raster.image import format_of, is_image


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
        raise files.RasterError(
            f"{named}: {len(found)} images, but a time series needs two at least, each "
            "a file of one date."
        )
    names = [path.stem for path in found]
    for path in found:
        if names.count(path.stem) > 1:
            raise files.RasterError(
                f"{path}: there are two files of this name; name each by its date."
            )
    return found


def _without_zeros(image: files.Raster) -> np.ndarray:
    """Returns the pixels, NaN where they are 0 if the file says that 0 is no data."""
    if geotiff.nodata(image.tags) != 0:
        return image.pixels
    pixels = image.pixels.astype(np.result_type(image.pixels, np.float32))
    return np.where(pixels == 0, np.array(np.nan, pixels.dtype), pixels)


def read_stack(
    paths: Iterable[pathlib.Path],
    convert: Callable[[np.ndarray], np.ndarray],
    layer: str | None = None,
) -> tuple[np.ndarray, tuple[geotiff.Tag, ...]]:
    """Reads a time series, one date at a time, into a file that is mapped to memory.

    The file lies where `tempfile` puts it (TMPDIR) and goes when the array does.

    Args:
        paths: From `series`.
        convert: What to make of the pixels of a date, [H, W]: the same type for all.
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
            image = files.read(path, layer)
            try:
                samples = np.ascontiguousarray(convert(_without_zeros(image)))
            except ValueError as error:
                raise files.RasterError(f"{path}: {error}") from error
            grid = geotiff.place_tags(image.tags)
            if first is None:
                first, shape, kind, tags = path, samples.shape, samples.dtype, grid
            for name, value, expected in (
                ("shape", samples.shape, shape),
                ("dtype", samples.dtype, kind),
                ("place on the ground", grid, tags),
            ):
                if value != expected:
                    raise files.RasterError(
                        f"{path}: its {name} is not that of {first}, {value} against "
                        f"{expected}; co-register the series to one grid."
                    )
            try:
                file.write(samples.data)
            except OSError as error:
                raise files.RasterError(
                    f"{path}: no space left in {tempfile.gettempdir()}, where the "
                    f"series is gathered; set TMPDIR. ({error})"
                ) from error
            if not samples.size:
                raise files.RasterError(f"{path}: {samples.shape=} has no pixels.")
            number += 1
        file.flush()
        # The mapping outlives the name and the open file.
        return np.memmap(file, kind, "r", shape=(number, *shape)), tags
