"""Despeckles a file to a file."""

import os
from collections.abc import Callable
from typing import NamedTuple

from pgd2jax import raster
from pgd2jax.infer.despeckler import TILE, Despeckler
from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels


class Taken(NamedTuple):
    """What the pixels of a file were taken for.

    Attributes:
        kind: "slc", "intensity" or "amplitude".
        looks: Equivalent number of looks, as given or estimated.
    """

    kind: str
    looks: float


def check_paths(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Checks that an image can be read and its result written, before any work.

    Raises:
        ValueError: if a suffix is unknown, or both are the same file.
        OSError: if the folder of `target` is missing or read-only.
    """
    source, target = raster.check_format(source), raster.check_format(target)
    raster.check_folder(target)
    if source.resolve() == target.resolve():
        raise ValueError(f"{target}: is the input; give the output another name.")


def despeckle(
    despeckler: Despeckler,
    source: str | os.PathLike,
    target: str | os.PathLike,
    *,
    kind: str = "auto",
    looks: float | None = None,
    tile: int = TILE,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Reads an image, despeckles it and writes the intensity; geo tags are kept.

    Args:
        despeckler: Of `infer.load`.
        source: .npy, TIFF or GeoTIFF of complex or real pixels.
        target: .npy, .tif or .tiff; float32 linear power. It appears whole or not at
            all.
        kind: What the pixels of `source` are, one of `pixels.KINDS`.
        looks: As for the despeckler.
        tile: As for the despeckler.
        progress: As for the despeckler.

    Returns:
        What the pixels were taken for.

    Raises:
        RasterError: if a file cannot be read or written.
        OSError: if the folder of `target` is missing or read-only.
        ValueError: if its pixels cannot be despeckled; the message names the file.
    """
    check_paths(source, target)
    image = raster.read(source)
    try:
        found = pixels.kind_of(image.pixels, kind)
        if found == "slc":
            images = {"slc": image.pixels}
        else:
            images = {"intensity": pixels.intensity_of(image.pixels, kind)}
            if looks is None:
                looks = sar_looks.estimate(images["intensity"])
        clean = despeckler(**images, looks=looks, tile=tile, progress=progress)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    raster.write(target, raster.Raster(clean, image.tags))
    return Taken(found, 1.0 if looks is None else looks)
