"""Files that appear whole or not at all."""

import contextlib
import fcntl
import functools
import os
import pathlib
import re
import shutil
import tempfile
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


MARK = ".pgd2jax"  # Ends the names of temporary folders.


def _locked(file: BinaryIO) -> bool:
    """Returns whether a file could be locked, for as long as it is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # By another process; or not at all, on some network file systems.
        return False
    return True


@functools.cache  # What killed processes left was there before this one began.
def _temporary_in(folder: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Returns temporary folders, of whatever process."""
    try:
        return tuple(p for p in folder.iterdir() if p.name.endswith(MARK))
    except OSError:  # It may be written but not listed.
        return ()


def _remove_abandoned(path: pathlib.Path) -> None:
    """Removes what processes that were killed while they wrote `path` left of it."""
    name = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}{re.escape(MARK)}")
    for folder in _temporary_in(path.parent.absolute()):
        if not name.fullmatch(folder.name):
            continue
        with contextlib.suppress(OSError), open(folder / ".lock", "r+b") as lock:
            if _locked(lock) and lock.read():  # Whoever begins locks, then writes.
                shutil.rmtree(folder)


@contextlib.contextmanager
def temporary(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields where to write `path` for now: its name in a hidden folder beside it.

    The folder is removed in the end, with all that writers have put there.
    """
    path = pathlib.Path(path)
    _remove_abandoned(path)
    with tempfile.TemporaryDirectory(MARK, f".{path.name}.", path.parent) as folder:
        hidden = pathlib.Path(folder) / path.name
        # Some network file systems let nobody read or write a file that is locked.
        with open(hidden.with_name(".lock"), "wb", buffering=0) as lock:
            if _locked(lock):
                lock.write(b"somebody is at work here")
            yield hidden


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
