"""Raw binaries with a header beside them: ISCE, GAMMA and ENVI."""

import contextlib
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
# What lies beside pixels and is none.
BESIDE = (".hdr", ".jpg", ".kml", ".par", ".png", ".txt", ".vrt", ".xml")
SYSTEMS = {"north": 32600, "south": 32700}  # EPSG codes of UTM, less the zone.
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
    """Returns the header beside a file; None if there is none.

    Its suffix is added to the file's, or replaces it; the latter only where there is no
    other file that it is added to.
    """
    if path.suffix.lower() in BESIDE or not path.is_file():
        return None
    for suffix, (mark, _) in READERS.items():
        names = [path.with_name(path.name + suffix)]
        if path.suffix and not path.with_suffix("").is_file():
            names.append(path.with_suffix(suffix))
        for found in names:
            with contextlib.suppress(OSError), found.open("rb") as file:
                if mark in file.read(4096):  # Others use these suffixes too.
                    return found
    return None


def _number(entries: dict, key: str, default: int | None = None, least: int = 1) -> int:
    value = entries.get(key, default)
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"its header says {key}={value!s:.40}, but a number is needed"
        ) from error
    if number < least:
        raise ValueError(f"its header says {key}={value}, but {least} is the least")
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
    if _number(entries, "line_header_size", 0, 0):
        raise ValueError("its header tells of line headers, which are not read")
    shape = (1, _number(entries, "azimuth_lines"), _number(entries, "range_samples"))
    return Layout(shape, _choice(entries, "image_format", GAMMA_TYPES))


def _envi(path: pathlib.Path) -> Layout:
    lines = [line for line in _lines(path) if not line.lstrip().startswith(";")]
    # Lists in braces go over several lines.
    found = re.findall(r"^([^={}\n]+)=[ \t]*(\{[^{}]*\}|.*)", "\n".join(lines), re.M)
    entries = {" ".join(key.lower().split()): value.strip() for key, value in found}
    order = _choice(entries, "byte order", {"0": "<", "1": ">"}, "0")
    types = {str(code): dtype for code, dtype in ENVI_TYPES.items()}
    shape = (
        _number(entries, "bands", 1),
        _number(entries, "lines"),
        _number(entries, "samples"),
    )
    interleave = entries.get("interleave", "bsq").lower()
    _choice({"interleave": interleave}, "interleave", INTERLEAVED)
    info = entries.get("map info", "")
    tags = _envi_place(info)
    if info and not tags and "arbitrary" not in info.lower():
        logging.warning("%s: its place on the ground, %s, is not kept.", path, info)
    value = entries.get("data ignore value")
    if value:
        tags += ((geotiff.NODATA, 2, len(value) + 1, value, True),)
    return Layout(
        shape,
        np.dtype(_choice(entries, "data type", types)).newbyteorder(order),
        _number(entries, "header offset", 0, 0),
        interleave,
        tags,
    )


def _envi_place(info: str) -> tuple[geotiff.Tag, ...]:
    """Returns the tags of a "map info": name, reference pixel, its place, spacing."""
    parts = [part.strip() for part in info.lower().strip("{} ").split(",")]
    options = dict(re.findall(r"(units|rotation)\s*=\s*([^\s,}]+)", info.lower()))
    try:
        col, row, x, y, col_spacing, row_spacing = map(float, parts[1:7])
        if parts[0] == "utm":
            zone, (half, datum), units = int(parts[7]), parts[8:10], "meters"
            epsg, fits = SYSTEMS[half] + zone, 1 <= zone <= 60
        else:
            (datum,), units, epsg = parts[7:8], "degrees", 4326
            fits = parts[0] == "geographic lat/lon"
        fits &= datum in ("wgs-84", "wgs84") and options.get("units", units) == units
        fits &= float(options.get("rotation", 0)) == 0
    except (ValueError, IndexError, KeyError):
        return ()
    left, top = x - (col - 1) * col_spacing, y + (row - 1) * row_spacing
    fits &= math.isfinite(left) and math.isfinite(top)
    if not fits or col_spacing <= 0 or row_spacing <= 0:
        return ()
    return geokeys.tags(epsg, left, top, col_spacing, row_spacing)


# By suffix, those that are preferred first: what the header holds, and its reader.
READERS = {
    ".xml": (b"<imageFile", _isce),
    ".par": (b"range_samples", _gamma),
    ".hdr": (b"ENVI", _envi),
}


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
        _, reader = READERS[about.suffix]
        layout = reader(about)
        needed = layout.offset + math.prod(layout.shape) * layout.dtype.itemsize
        size = path.stat().st_size
        if size != needed:
            raise ValueError(f"it has {size} bytes, but {about.name} says {needed}")
        order = INTERLEAVED[layout.interleave]
        stored = tuple(layout.shape[axis] for axis in order)
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
        self._array = None
