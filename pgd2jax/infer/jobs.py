"""Which image is despeckled to which file."""

import fnmatch
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pgd2jax import raster


class Job(NamedTuple):
    """An image to read and a file to write.

    Attributes:
        source: File, or folder in SAFE format.
        layer: Of the images in it; None where there is but one.
        target: To be written.
    """

    source: pathlib.Path
    layer: str | None
    target: pathlib.Path

    @property
    def name(self) -> str:
        """Of the image, for people."""
        return f"{self.source} {self.layer or ''}".strip()

    def why_not(self, error: Exception) -> str:
        """Returns what stopped it, for people; errors of ours name the file."""
        if isinstance(error, ValueError | OSError):
            return str(error)
        return f"{self.name}: {error!r}"


def plan(
    inputs: Sequence[pathlib.Path],
    output: pathlib.Path,
    layers: Sequence[str] = ("*",),
    made: Callable[[pathlib.Path], Iterable[pathlib.Path | None]] = lambda to: [to],
) -> list[Job]:
    """Returns what is to be done.

    Args:
        inputs: Images; or folders, of which the images are taken.
        output: A file for one image; a folder for all else, which is made, and in
            which each result has the name of its input: .npy for .npy and .npz, else
            .tif.
        layers: Patterns of the names of images in files that hold several, as
            "iw1-vv" or "*-vv".
        made: Of a target, all files that are made for it; None for one that is not.

    Raises:
        ValueError: if there is nothing to do, or two results would have one name.
    """
    sources = [source for path in inputs for source in _images(path)]
    found = [(s, layer) for s in sources for layer in _layers(s, layers)]
    if output.suffix and not output.is_dir():
        if len(found) != 1:
            named = ", ".join(f"{s.name} {layer or ''}".strip() for s, layer in found)
            raise ValueError(
                f"{output}: is one file, but there are {len(found)} images, {named}; "
                "they need a folder, or choose one with --layers."
            )
        return [Job(*found[0], raster.check_format(output))]
    jobs, taken = [], {}
    for source, layer in found:
        target = output / _name(source, layer)
        for path in filter(None, made(target)):
            if path in taken:
                raise ValueError(
                    f"{path}: would hold both {taken[path]} and {source}; despeckle "
                    "them into two folders."
                )
            taken[path] = source
        jobs.append(Job(source, layer, target))
    output.mkdir(parents=True, exist_ok=True)
    return jobs


def _images(path: pathlib.Path) -> list[pathlib.Path]:
    """Returns a path, or the images in a folder that is none itself."""
    if path.name == "manifest.safe":  # As other programs open a product.
        return [path.parent]
    try:
        folder = path.is_dir() and not raster.is_image(path)
    except OSError:  # It fails when its turn comes.
        folder = False
    if not folder:
        return [path]
    images = [p for p in path.iterdir() if not p.name.startswith(".")]
    images = sorted(filter(raster.is_image, images))
    if not images:
        raise ValueError(f"{path}: holds no image.")
    return images


def _layers(source: pathlib.Path, patterns: Sequence[str]) -> list[str | None]:
    """Returns the names of the wanted images in a file.

    Where there are none, it fails when its turn comes, and stops none of the others.
    """
    try:
        found = raster.layers(source)
    except (raster.RasterError, OSError):
        return [None]
    if found == (None,):
        return [None]
    wanted = [n for n in found if any(fnmatch.fnmatch(n, p) for p in patterns)]
    return wanted or [" ".join(patterns)]


def _name(source: pathlib.Path, layer: str | None) -> str:
    """Returns the file name of a result."""
    plain = source.suffix.lower() in (".npy", ".npz")
    # A product may be given as the folder that one is in, or as one above.
    stem = source.name if source.name.strip(".") else source.resolve().name
    for suffix in (".zip", ".safe", source.suffix.lower()):
        if suffix and stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
    return f"{stem}{f'-{layer}' if layer else ''}{'.npy' if plain else '.tif'}"
