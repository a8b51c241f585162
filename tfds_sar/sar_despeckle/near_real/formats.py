"""Decodes one image file to [rows, cols] pixels, whatever the format."""

import contextlib
import io
import math
import pathlib
import re
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import PIL.Image
import scipy.io
import tifffile

from pgd2jax.raster import geotiff

MAX_PIXELS = 10**8  # Of one image.


class FormatError(ValueError):
    """Why a file is no image of one band; the message does not name the file."""


def _check_size(shape: Sequence[int]) -> None:
    if math.prod(shape) > MAX_PIXELS:
        raise FormatError(f"of {shape} pixels is too large")


def _tiff(data: bytes, par: bytes | None) -> np.ndarray:
    with contextlib.closing(geotiff.Tiff(io.BytesIO(data))) as file:
        _check_size(file.shape)
        return file.rows(0, file.shape[0])


def _npy(data: bytes, par: bytes | None) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)


def _mat(data: bytes, par: bytes | None) -> np.ndarray:
    if data[:20].startswith(b"MATLAB 7.3"):
        raise FormatError("is of MATLAB v7.3; save it with save(..., '-v7')")
    for _, shape, _ in scipy.io.whosmat(io.BytesIO(data)):
        _check_size(shape)
    found = {
        name: value
        for name, value in scipy.io.loadmat(io.BytesIO(data)).items()
        if not name.startswith("__") and value.dtype.kind in "uifc" and value.size > 1
    }
    if len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise FormatError(f"holds {len(found)} images ({names}), but one is needed")
    (image,) = found.values()
    return image


def _png(data: bytes, par: bytes | None) -> np.ndarray:
    with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        _check_size(image.size)
        if image.mode in ("1", "P", "PA"):
            image = image.convert("RGBA")
        return np.asarray(image)


def _gamma(data: bytes, par: bytes | None) -> np.ndarray:
    """Returns a GAMMA image: big-endian float32 with no header, rows of range."""
    if par is None:
        width = height = math.isqrt(len(data) // 4)
        if 4 * width * height != len(data):
            raise FormatError(
                f"of {len(data)} bytes is not square; put its .par file beside it"
            )
    else:
        width, height = (
            _par_number(par, key) for key in ("range_samples", "azimuth_lines")
        )
        if 4 * width * height != len(data):
            raise FormatError(
                f"has {len(data)} bytes, but its .par file says {height} x {width}"
            )
    pixels = np.frombuffer(data, ">f4").reshape(height, width)
    size = np.abs(pixels[pixels != 0])
    # Float32 read in the wrong order has exponents all over the range.
    if size.size and not 1e-20 < np.median(size) < 1e20:
        raise FormatError("is not of big-endian float32")
    return pixels


def _par_number(par: bytes, key: str) -> int:
    match = re.search(rf"^{key}:\s*(\d+)", par.decode("latin-1"), re.MULTILINE)
    if match is None:
        raise FormatError(f"has a .par file with no {key}")
    return int(match.group(1))


_DECODERS = {
    ".tif": _tiff,
    ".tiff": _tiff,
    ".npy": _npy,
    ".mat": _mat,
    ".png": _png,
    ".rmli": _gamma,
}
FORMATS = tuple(_DECODERS)
PACKED = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".npz", ".h5", ".hdf5")


def format_of(name: str) -> str:
    """Returns the last suffix in lower case: ".npy" of "1.rmli.npy"."""
    return pathlib.PurePosixPath(name.lower()).suffix


def stem(name: str) -> str:
    """Returns a file's name without its suffixes of formats: "1" of "1.rmli.npy"."""
    while format_of(name) in FORMATS:
        name = name[: -len(format_of(name))]
    return name


def decode(name: str, data: bytes, par: bytes | None = None) -> np.ndarray:
    """Decodes an image.

    Args:
        name: Of the file; its suffix tells the format.
        data: Of the file.
        par: GAMMA's description of the file, if there is one.

    Returns:
        [rows, cols] real pixels in the type of the file, all finite.

    Raises:
        FormatError: if it is damaged or holds anything else.
    """
    try:
        pixels = _DECODERS[format_of(name)](data, par)
    except FormatError:
        raise
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        NotImplementedError,
        OSError,
        PIL.Image.DecompressionBombError,
        RuntimeError,  # Of the decoders in imagecodecs.
        SyntaxError,  # Of Pillow, for a broken chunk.
        TypeError,
        ValueError,
        scipy.io.matlab.MatReadError,
        struct.error,
        tifffile.TiffFileError,
        zlib.error,
    ) as error:
        raise FormatError(f"cannot be read; is it whole? ({error})") from error
    pixels = np.asarray(pixels)
    if not pixels.size:
        raise FormatError("is empty")
    if pixels.dtype.kind == "c":
        raise FormatError("is complex; write its intensity and its phase apart")
    if pixels.dtype.kind not in "uif":
        raise FormatError(f"of type {pixels.dtype} holds no pixels")
    invalid = pixels.size - np.count_nonzero(np.isfinite(pixels))
    if invalid:
        raise FormatError(f"has {invalid} pixels that are not finite")
    return _one_band(pixels)


def _one_band(pixels: np.ndarray) -> np.ndarray:
    """Returns [rows, cols] of [rows, cols, bands] or [bands, rows, cols]."""
    if pixels.ndim == 2:
        return pixels
    if pixels.ndim != 3:
        raise FormatError(f"of shape {pixels.shape} is no image")
    bands = np.moveaxis(pixels, int(np.argmin(pixels.shape)), 0)
    if len(bands) in (2, 4) and np.ptp(bands[-1]) == 0:
        bands = bands[:-1]  # A constant opacity.
    if len(bands) > 4:
        raise FormatError(f"of shape {pixels.shape} is no image")
    if any(not np.array_equal(band, bands[0]) for band in bands[1:]):
        raise FormatError(
            f"has {len(bands)} different bands, and which is which is not known; "
            "write each to a file of its own"
        )
    return bands[0]
