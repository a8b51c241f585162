"""Files that appear whole or not at all."""

import contextlib
import fcntl
import functools
import os
import pathlib
import re
import secrets
from collections.abc import Iterator
from typing import BinaryIO


def check_folder(path: str | os.PathLike) -> None:
    """Checks that a file can be put where `path` says, before any work is done.

    Raises:
        OSError: if its folder is missing or read-only, or `path` is a folder.
    """
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{path}: the folder {path.parent} does not exist; make it."
        )
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PermissionError(f"{path}: cannot be written there; choose another place.")


def check_new(path: str | os.PathLike, overwrite: bool) -> None:
    """Checks, before any work is done, that a file can be put where `path` says.

    Args:
        path: Of the file.
        overwrite: Whether it may replace one.

    Raises:
        OSError: if its folder is missing or read-only, or there is something already.
    """
    check_folder(path)
    if pathlib.Path(path).exists() and not overwrite:
        raise FileExistsError(f"{path}: is there already; say --overwrite.")


def _locked(file: BinaryIO) -> bool:
    """Returns whether a file could be locked, for as long as it is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # By another process; or not at all, on some network file systems.
        return False
    return True


@functools.cache  # What killed processes left was there before this one began.
def _hidden_in(folder: pathlib.Path) -> tuple[str, ...]:
    """Returns the names of hidden files."""
    return tuple(name for name in os.listdir(folder) if name.startswith("."))


def _remove_abandoned(path: pathlib.Path) -> None:
    """Removes temporary files of `path` whose process was killed."""
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    temporary_name = re.compile(rf"\.{stem}\.[0-9a-f]{{8}}{suffix}")
    for name in filter(temporary_name.fullmatch, _hidden_in(path.parent.absolute())):
        hidden = path.with_name(name)
        with contextlib.suppress(OSError), open(hidden, "rb") as file:
            if _locked(file):
                hidden.unlink()


@contextlib.contextmanager
def temporary(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a hidden, empty file beside `path`, which is removed in the end.

    Those that a killed process left of the same path are removed, too.
    """
    path = pathlib.Path(path)
    _remove_abandoned(path)
    # The name keeps its suffix: writers choose the format by it.
    hidden = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    with open(hidden, "xb") as file:
        _locked(file)  # Tells others that somebody is at work there.
        try:
            yield hidden
        finally:
            hidden.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path beside `path`, renamed to it on success.

    The rename is atomic, so that a reader sees the old file or the new one. On any
    error, an interrupt included, the temporary file is removed.
    """
    with temporary(path) as hidden:
        yield hidden
        with open(hidden, "rb") as file:
            os.fsync(file.fileno())
        os.replace(hidden, path)
