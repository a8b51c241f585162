"""What several commands have in common."""

import argparse
import contextlib
import pathlib
from collections.abc import Callable, Iterator

import tqdm

from pgd2jax import checkpoints
from pgd2jax.sar import pixels


@contextlib.contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what shows (done, in all)."""
    with tqdm.tqdm(unit=unit, desc=title, unit_scale=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def named_path(text: str) -> pathlib.Path:
    """Returns the path of an argument; an empty one, of an unset variable, is none."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a file or a folder.")
    return pathlib.Path(text)


def add_pixels(parser: argparse.ArgumentParser) -> None:
    """Adds --pixels."""
    parser.add_argument(
        "--pixels",
        choices=pixels.KINDS,
        default="auto",
        help="what noisy pixels are; auto takes complex for slc, integers for "
        "amplitude, other real ones for intensity unless their unit is amplitude",
    )


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Adds --overwrite."""
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that are there"
    )


def add_layer(parser: argparse.ArgumentParser) -> None:
    """Adds --layer."""
    parser.add_argument(
        "--layer", help="of the images in a file that holds several, as VV or iw1-vv"
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Adds --weights."""
    parser.add_argument(
        "--weights",
        default=checkpoints.DEFAULT,
        metavar="PATH",
        help="workdir of a training, a folder of weights, or a set that comes with "
        f"pgd2jax: {', '.join(checkpoints.published())} [%(default)s]",
    )
