"""What several commands have in common."""

import argparse
import contextlib
import pathlib
import re
from collections.abc import Callable, Iterator

import tqdm

from pgd2jax import checkpoints
from pgd2jax.metrics import windows
from pgd2jax.sar import pixels

REGION = re.compile(r"(\d+):(\d+),(\d+):(\d+)")


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


def add_region(
    parser: argparse.ArgumentParser, about: str, action: str = "store"
) -> None:
    """Adds --region: rows and columns, a `Window`."""
    parser.add_argument(
        "--region", type=_region, action=action, metavar="R0:R1,C0:C1", help=about
    )


def _region(text: str) -> windows.Window:
    found = REGION.fullmatch(text)
    bounds = [int(number) for number in found.groups()] if found else [0, 0, 0, 0]
    if bounds[0] >= bounds[1] or bounds[2] >= bounds[3]:
        raise argparse.ArgumentTypeError(
            f"{text!r}: write rows and columns as 100:132,40:72."
        )
    return slice(*bounds[:2]), slice(*bounds[2:])


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Adds --weights."""
    parser.add_argument(
        "--weights",
        default=checkpoints.DEFAULT,
        metavar="PATH",
        help="workdir of a training, a folder of weights, or a set that comes with "
        f"pgd2jax: {', '.join(checkpoints.published())} [%(default)s]",
    )
