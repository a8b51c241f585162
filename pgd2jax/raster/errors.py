"""What can be wrong with an image file."""

import contextlib
import os
from collections.abc import Iterator

MOST_LETTERS = 300  # Of what a library says: some quote the file.


class RasterError(ValueError):
    """An image file that cannot be read or written; the message names the mend."""


class UnfitError(ValueError):
    """What a file that is whole lacks; the message names the mend, but no file."""


def in_a_line(error: Exception) -> str:
    """Returns what a library says, for a message of ours."""
    return " ".join(str(error).split())[:MOST_LETTERS]


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[None]:
    """Names the file in what goes wrong in it."""
    try:
        yield
    except RasterError:
        raise
    except UnfitError as error:
        raise RasterError(f"{path}: {error}.") from error
    except Exception as error:  # Of damaged files, readers raise all kinds.
        why = in_a_line(error).rstrip(".") or type(error).__name__
        raise RasterError(
            f"{path}: cannot be read: {why}; if it is not whole, copy it again."
        ) from error


@contextlib.contextmanager
def named(path: str | os.PathLike) -> Iterator[None]:
    """Puts the file's name before what is wrong with its pixels."""
    try:
        yield
    except RasterError:
        raise
    except ValueError as error:
        raise RasterError(f"{path}: {error}") from error


@contextlib.contextmanager
def needing(path: str | os.PathLike, extra: str) -> Iterator[None]:
    """Names the extra of pgd2jax that installs what a file needs to be read."""
    try:
        yield
    except ImportError as error:
        raise RasterError(
            f'{path}: this needs pip install "pgd2jax[{extra}]". ({error})'
        ) from error
