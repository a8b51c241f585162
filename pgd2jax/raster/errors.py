"""What can be wrong with an image file."""

import contextlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator

import tifffile

DAMAGE = (
    tifffile.TiffFileError,
    zipfile.BadZipFile,
    OSError,
    ValueError,  # Also of defusedxml.
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    MemoryError,
    NotImplementedError,  # Compressions that zipfile lacks.
    RuntimeError,  # Of the decoders in imagecodecs, of h5py and of zipfile.
    struct.error,
    zlib.error,
)


class RasterError(ValueError):
    """An image file that cannot be read or written; the message names the mend."""


class UnfitError(ValueError):
    """What a file that is whole lacks; the message names the mend, but no file."""


@contextlib.contextmanager
def reading(path: str | os.PathLike) -> Iterator[None]:
    """Names the file in what goes wrong in it."""
    try:
        yield
    except RasterError:
        raise
    except UnfitError as error:
        raise RasterError(f"{path}: {error}.") from error
    except DAMAGE as error:
        why = str(error).rstrip(".")
        raise RasterError(
            f"{path}: cannot be read: {why}; if it is not whole, copy it again."
        ) from error


@contextlib.contextmanager
def needing(path: str | os.PathLike, extra: str) -> Iterator[None]:
    """Names the extra of pgd2jax that installs what a file needs to be read."""
    try:
        yield
    except ImportError as error:
        raise RasterError(
            f'{path}: this needs pip install "pgd2jax[{extra}]". ({error})'
        ) from error
