"""Which file is despeckled to which."""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from pgd2jax import raster


class Job(NamedTuple):
    """A file to read and one to write."""

    source: pathlib.Path
    target: pathlib.Path


def plan(inputs: Sequence[pathlib.Path], output: pathlib.Path) -> list[Job]:
    """Returns what is to be done.

    Args:
        inputs: Files; or folders, whose images are taken.
        output: A file for one input file; a folder for all else, which is made, and in
            which each result has the name of its input: .tif for TIFF, else .npy.

    Raises:
        ValueError: if there is nothing to do, or two results would have one name.
    """
    sources = []
    for path in inputs:
        if path.is_dir():
            images = [p for p in path.iterdir() if p.suffix.lower() in raster.READ]
            images = sorted(p for p in images if not p.name.startswith("."))
            if not images:
                named = ", ".join(raster.READ)
                raise ValueError(f"{path}: holds no image, {named}.")
            sources += images
        else:
            sources.append(path)
    one = len(inputs) == 1 and not inputs[0].is_dir() and not output.is_dir()
    if one:
        return [Job(sources[0], raster.check_format(output))]
    if output.suffix.lower() in raster.FORMATS:
        raise ValueError(f"{output}: several images need a folder, not a file.")
    jobs, taken = [], {}
    for source in sources:
        tiff = source.suffix.lower().startswith(".tif")
        target = output / f"{source.stem}{'.tif' if tiff else '.npy'}"
        if target in taken:
            raise ValueError(
                f"{target}: would hold both {taken[target]} and {source}; despeckle "
                "them into two folders."
            )
        taken[target] = source
        jobs.append(Job(source, target))
    output.mkdir(parents=True, exist_ok=True)
    return jobs
