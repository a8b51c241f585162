"""Files that appear whole or not at all."""

import contextlib
import os
import pathlib
import secrets
from collections.abc import Iterator


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


@contextlib.contextmanager
def temporary(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a hidden path beside `path`; the file there is removed in the end."""
    path = pathlib.Path(path)
    # The name keeps its suffix: writers choose the format by it.
    hidden = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
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
