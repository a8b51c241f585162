"""Raw binaries with a header beside them: ISCE, GAMMA and ENVI."""

import math
import pathlib
import re
from typing import NamedTuple

import numpy as np
from absl import logging

from pgd2jax.raster import geokeys, geotiff, xml

# Codes of "data type".
ENVI_TYPES = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 6: "c8", 9: "c16", 12: "u2", 13: "u4",
    14: "i8", 15: "u8",
}  # fmt: skip
ISCE_TYPES = {
    "byte": "u1", "short": "i2", "int": "i4", "long": "i8", "float": "f4",
    "double": "f8", "cfloat": "c8", "cdouble": "c16",
}  # fmt: skip
# Real and imaginary parts of whole numbers come as complex64.
PAIRS = np.dtype([("real", ">i2"), ("imaginary", ">i2")])
GAMMA_TYPES = {
    "FCOMPLEX": np.dtype(">c8"),
    "SCOMPLEX": PAIRS,
    "FLOAT": np.dtype(">f4"),
    "SHORT": np.dtype(">i2"),
    "UCHAR": np.dtype("u1"),
}
INTERLEAVED = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}  # Of [B, H, W].


class Layout(NamedTuple):
    """How the bytes of a file make an image.

    Attributes:
        shape: (bands, rows, cols).
        dtype: Of the pixels in the file.
        offset: Bytes before the first.
        interleave: Of `INTERLEAVED`.
        tags: GeoTIFF tags.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype
    offset: int = 0
    interleave: str = "bsq"
    tags: tuple[geotiff.Tag, ...] = ()


def header(path: pathlib.Path) -> pathlib.Path | None:
    """Returns the header beside a file; None if there is none."""
    for suffix in (".xml", ".par", ".hdr"):
        replaced = path.with_suffix(suffix) if path.suffix else None
        for found in (path.with_name(path.name + suffix), replaced):
            if found not in (None, path) and found.is_file() and path.is_file():
                return found
    return None


def _number(entries: dict, key: str, default: int | None = None) -> int:
    value = entries.get(key, default)
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"its header says {key}={value}, but a number is needed"
        ) from error
    if number < 0:
        raise ValueError(f"its header says {key}={value}")
    return number


def _choice(entries: dict, key: str, choices: dict, default: str | None = None):
    value = entries.get(key, default)
    if value not in choices:
        known = ", ".join(map(str, choices))
        raise ValueError(f"its header says {key}={value}; known are {known}")
    return choices[value]


def _isce(path: pathlib.Path) -> Layout:
    with path.open("rb") as file:
        root = xml.parse(file)
    entries = {
        item.get("name", "").lower(): (item.findtext("value") or "").strip().lower()
        for item in root.findall("property")
    }
    order = _choice(entries, "byte_order", {"l": "<", "b": ">"}, "l")
    dtype = np.dtype(_choice(entries, "data_type", ISCE_TYPES)).newbyteorder(order)
    shape = (
        _number(entries, "number_bands", 1),
        _number(entries, "length"),
        _number(entries, "width"),
    )
    scheme = entries.get("scheme", "bip")
    _choice({"scheme": scheme}, "scheme", INTERLEAVED)
    return Layout(shape, dtype, interleave=scheme)


def _lines(path: pathlib.Path) -> list[str]:
    return path.read_text("utf-8-sig", errors="replace").splitlines()


def _gamma(path: pathlib.Path) -> Layout:
    entries = {}
    for line in _lines(path):
        key, colon, value = line.partition(":")
        if colon and value.split():
            entries[key.strip()] = value.split()[0]
    if _number(entries, "line_header_size", 0):
        raise ValueError("its header tells of line headers, which are not read")
    shape = (1, _number(entries, "azimuth_lines"), _number(entries, "range_samples"))
    return Layout(shape, _choice(entries, "image_format", GAMMA_TYPES))


def _envi(path: pathlib.Path) -> Layout:
    lines = [line for line in _lines(path) if not line.lstrip().startswith(";")]
    # Lists in braces go over several lines.
    found = re.findall(
        r"^\s*([^={}\n]+?)\s*=\s*(\{[^}]*\}|.*)$", "\n".join(lines), re.M
    )
    entries = {key.lower(): value.strip() for key, value in found}
    order = _choice(entries, "byte order", {"0": "<", "1": ">"}, "0")
    types = {str(code): dtype for code, dtype in ENVI_TYPES.items()}
    shape = (
        _number(entries, "bands", 1),
        _number(entries, "lines"),
        _number(entries, "samples"),
    )
    interleave = entries.get("interleave", "bsq").lower()
    _choice({"interleave": interleave}, "interleave", INTERLEAVED)
    tags = _envi_place(entries.get("map info", ""))
    value = entries.get("data ignore value")
    if value:
        tags += ((geotiff.NODATA, 2, len(value) + 1, value, True),)
    return Layout(
        shape,
        np.dtype(_choice(entries, "data type", types)).newbyteorder(order),
        _number(entries, "header offset", 0),
        interleave,
        tags,
    )


def _envi_place(info: str) -> tuple[geotiff.Tag, ...]:
    """Returns the tags of a "map info": name, reference pixel, its place, spacing."""
    parts = [part.strip() for part in info.strip("{} ").split(",")]
    if len(parts) < 7 or parts[0].lower() == "arbitrary":
        return ()
    system, plain = parts[0].lower(), not any("rotation" in p.lower() for p in parts)
    wgs84 = any(part.lower() in ("wgs-84", "wgs84") for part in parts[7:])
    try:
        col, row, x, y, col_spacing, row_spacing = map(float, parts[1:7])
        if system == "utm":
            epsg = (32600 if parts[8].lower() == "north" else 32700) + int(parts[7])
        elif system == "geographic lat/lon":
            epsg = 4326
        else:
            plain = False
    except (ValueError, IndexError):
        plain = False
    if not (plain and wgs84):
        logging.warning("the place on the ground, map info = %s, is not kept.", info)
        return ()
    left, top = x - (col - 1) * col_spacing, y + (row - 1) * row_spacing
    return geokeys.tags(epsg, left, top, col_spacing, row_spacing)


READERS = {".xml": _isce, ".par": _gamma, ".hdr": _envi}


class Raw:
    """An image, mapped to memory.

    Attributes:
        shape: (rows, cols), or (bands, rows, cols).
        dtype: Of the pixels, in the machine's own order of bytes.
        tags: GeoTIFF tags.
    """

    def __init__(self, path: pathlib.Path):
        """Opens a file that has a header beside it.

        Raises:
            ValueError: if the header says what cannot be, or the size of the file does
                not fit it.
        """
        about = header(path)
        layout = READERS[about.suffix](about)
        needed = layout.offset + math.prod(layout.shape) * layout.dtype.itemsize
        size = path.stat().st_size
        if size != needed:
            raise ValueError(f"it has {size} bytes, but {about.name} says {needed}")
        order = INTERLEAVED[layout.interleave]
        stored = tuple(layout.shape[axis] for axis in order)
        array = np.empty(stored, layout.dtype)
        if array.size:
            array = np.memmap(path, layout.dtype, "r", layout.offset, stored)
        array = array.transpose(np.argsort(order))
        self._array = array[0] if len(array) == 1 else array
        self.shape, self.tags = self._array.shape, layout.tags
        pairs = layout.dtype == PAIRS
        self.dtype = np.dtype("c8") if pairs else layout.dtype.newbyteorder("=")

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols]."""
        pixels = self._array[start:stop]
        if pixels.dtype != PAIRS:
            return pixels.astype(self.dtype)
        result = np.empty(pixels.shape, self.dtype)
        result.real, result.imag = pixels["real"], pixels["imaginary"]
        return result

    def close(self) -> None:
        """Lets the file go."""
        del self._array
