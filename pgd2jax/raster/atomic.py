"""Files that appear whole or not at all."""

import contextlib
import os
import pathlib
import secrets
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path beside `path`, renamed to it on success.

    The rename is atomic, so that a reader sees the old file or the new one. On any
    error, an interrupt included, the temporary file is removed.
    """
    path = pathlib.Path(path)
    # The name keeps its suffix: writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
