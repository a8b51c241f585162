"""GeoTIFF through tifffile alone: rows in, rows out, geography kept."""

import collections
import concurrent.futures
import itertools
import math
import os
import pathlib
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import imagecodecs
import numpy as np
import tifffile

from pgd2jax.raster import errors

TIEPOINTS = 33922
METADATA = 42112
NODATA = 42113

# Tags that place an image on the ground, and GDAL's metadata and no-data value
# (OGC GeoTIFF 1.1, annex; GDAL GTiff driver): name by number.
GEO_TAGS = {
    33550: "ModelPixelScale",
    TIEPOINTS: "ModelTiepoint",
    34264: "ModelTransformation",
    34735: "GeoKeyDirectory",
    34736: "GeoDoubleParams",
    34737: "GeoAsciiParams",
    METADATA: "GDAL_METADATA",
    NODATA: "GDAL_NODATA",
    50844: "RPCCoefficient",
}

# (code, type, count, value, write once), as tifffile takes them.
Tag = tuple[int, int, int, object, bool]

JPEG = (6, 7)  # Compressions, of TIFF 6.0.
TILE = 256  # Rows and columns of the tiles that are written.
LEVEL = 1  # Of deflate: 6 takes three quarters longer and saves a hundredth.
MOST_PAGES = 1000  # Image and overviews; more are not looked at.
THREADS = min(8, os.cpu_count() or 1)  # Decoding and encoding release the GIL.

# One of GDAL's metadata: its attributes and what it says.
ITEM = re.compile(r"\s?\s?<Item ([^<>]*)>([^<]*)</Item>\s?")
ROLE = re.compile(r'role="(unittype|description|scale|offset)"')  # Of the pixels.


class Tiff:
    """One image of a TIFF file, whose rows are read as they are needed.

    Overviews are passed over. Complex int16, the type of Sentinel-1 SLC files, comes
    as complex64.

    Attributes:
        shape: (rows, cols), or (rows, cols, bands).
        dtype: Of the pixels.
        tags: Those of `GEO_TAGS`.
    """

    def __init__(self, path: str | os.PathLike | BinaryIO):
        """Opens the file.

        Raises:
            ValueError: if it holds several images, or fewer bytes than it says.
            UnfitError: if its pixels are to be scaled or masked, or only GDAL decodes
                them.
        """
        self._file = tifffile.TiffFile(path)
        self._file.filehandle.set_lock(True)  # Several threads may read.
        self._plain = None  # Type of the pixels, where they lie as they are in a file.
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """Finds out what there is."""
        # Of a hostile file the pages may never end.
        pages = itertools.islice(self._file.pages, MOST_PAGES)
        whole = [page for page in pages if not page.is_reduced]
        if any(page.is_mask for page in whole):
            raise errors.UnfitError(
                "it has a mask beside its pixels, which is not read; where that says "
                "nothing, have NaN or 0, and take it off by gdal_translate -mask none"
            )
        if len(whole) != 1:
            kind = errors.UnfitError if whole else ValueError
            raise kind(
                f"it holds {len(whole)} images, but one is needed; write each to a "
                "file of its own"
            )
        self._page = page = whole[0]
        separate, depth, rows, cols, samples = page.shaped
        if depth > 1:
            raise ValueError(f"it holds {depth} layers, but one is needed")
        if page.dtype.kind == "c" and page.predictor > 1:
            raise errors.UnfitError(
                "its complex pixels are compressed with a predictor, which GDAL alone "
                "takes off; do so by gdal_translate -co COMPRESS=LZW -co PREDICTOR=1"
            )
        self._bands = separate * samples
        self.shape = (rows, cols) if self._bands == 1 else (rows, cols, self._bands)
        self.dtype = page.dtype
        self._check_tags()
        self.tags = tuple(
            (tag.code, int(tag.dtype), tag.count, tag.value, True)
            for tag in page.tags
            if tag.code in GEO_TAGS
        )
        said = _said(self.tags)
        scale, offset = float(said.get("scale", 1)), float(said.get("offset", 0))
        check_scale(self.dtype, scale, offset)
        ends = list(map(sum, zip(page.dataoffsets, page.databytecounts, strict=False)))
        # Often one strip that is as large as the file; of GDAL's sparse files none.
        if page.is_memmappable and separate == 1 and all(page.dataoffsets):
            self._plain = self.dtype.newbyteorder(self._file.byteorder)
            ends.append(page.dataoffsets[0] + page.nbytes)
        missing = max(ends, default=0) - self._file.filehandle.size
        if missing > 0:
            raise ValueError(f"its last {missing} bytes are missing")
        height = page.tilelength if page.is_tiled else page.rowsperstrip
        width = page.tilewidth if page.is_tiled else cols
        self._height = min(height, rows) if not page.is_tiled else height
        self._down = math.ceil(rows / self._height)  # Segments along columns,
        self._across = math.ceil(cols / width)  # and along rows.
        if len(page.dataoffsets) < self._down * self._across * separate:
            raise ValueError("it names fewer tiles or strips than its pixels need")

    def _check_tags(self) -> None:
        """Checks that the tags are there: tifffile leaves out one that is cut off."""
        handle, tiff = self._file.filehandle, self._file.tiff
        handle.seek(self._page.offset)
        (count,) = struct.unpack(tiff.tagnoformat, handle.read(tiff.tagnosize))
        for _ in range(count):
            (code,) = struct.unpack(f"{tiff.byteorder}H", handle.read(tiff.tagsize)[:2])
            if code in GEO_TAGS and code not in self._page.tags:
                raise ValueError(f"its tag {GEO_TAGS[code]} is cut off")

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols] or [rows, cols, bands]."""
        page = self._page
        if self._plain is not None:
            wide, handle = math.prod(self.shape[1:]), self._file.filehandle
            offset = page.dataoffsets[0] + start * wide * self._plain.itemsize
            with handle.lock:
                pixels = handle.read_array(self._plain, (stop - start) * wide, offset)
            return pixels.reshape(-1, *self.shape[1:])
        first, last = start // self._height, math.ceil(stop / self._height)
        band = self._down * self._across  # Separate bands lie one behind the other.
        wanted = [
            begin + index
            for begin in range(0, len(page.dataoffsets), band)
            for index in range(first * self._across, last * self._across)
        ]
        segments = self._file.filehandle.read_segments(
            [page.dataoffsets[index] for index in wanted],
            [page.databytecounts[index] for index in wanted],
            wanted,
            lock=self._file.filehandle.lock,
        )
        _, cols, *_ = self.shape
        pixels = np.zeros((stop - start, cols, self._bands), self.dtype)
        jpeg = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        options = jpeg if page.compression in JPEG else {}

        def put(segment):
            decoded, (band, _, row, col, sample), _ = page.decode(*segment, **options)
            if decoded is None:  # Never written: GDAL's sparse files.
                return
            decoded = decoded[0, max(start - row, 0) : stop - row]
            row = max(row - start, 0)
            target = pixels[row : row + len(decoded), col : col + decoded.shape[1]]
            band += sample
            target[..., band : band + decoded.shape[2]] = decoded[
                : target.shape[0], : target.shape[1]
            ]

        if page.compression == 1 or len(wanted) == 1:
            for segment in segments:
                put(segment)
        else:
            with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(put, segments))
        return pixels[..., 0] if self._bands == 1 else pixels

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def check_scale(dtype: np.dtype, scale: float, offset: float) -> None:
    """Checks that pixels of a type are what they say.

    Raises:
        UnfitError: if GDAL would scale or shift them.
    """
    if (scale, offset) != (1, 0):
        kind = "CFloat32" if dtype.kind == "c" else "Float32"
        raise errors.UnfitError(
            f"its pixels are to be multiplied by {scale:g}, and {offset:g} added; do "
            f"so by gdal_translate -unscale -ot {kind}"
        )


def nodata(tags: Sequence[Tag]) -> float | None:
    """Returns the no-data value among geo tags; None if there is none."""
    for code, _, _, value, _ in tags:
        if code == NODATA:
            try:
                return float(value)
            except ValueError as error:
                raise ValueError(f"its no-data value is {value!r}") from error
    return None


def result_tags(tags: Sequence[Tag], zero: bool = True) -> tuple[Tag, ...]:
    """Returns the tags of an image made from another's.

    Statistics, unit and description were of other pixels. Any value of no data becomes
    NaN, as the pixels do; but where it is 0 it stays so.

    Args:
        tags: Of the other.
        zero: Whether 0 still means no data, as it does not in decibels.
    """
    kept = []
    for code, kind, count, value, once in tags:
        if code == METADATA:
            value = ITEM.sub(_but_of_pixels, value)
            count = len(value) + 1
        elif code == NODATA and not (zero and nodata(tags) == 0):
            kind, count, value = 2, 4, "nan"
        kept.append((code, kind, count, value, once))
    return tuple(kept)


def _but_of_pixels(item: re.Match) -> str:
    """Returns an item unless it tells of the pixels that were read."""
    of_pixels = item[1].startswith('name="STATISTICS_') or ROLE.search(item[1])
    return "" if of_pixels else item[0]


def unit(tags: Sequence[Tag]) -> str:
    """Returns the unit of the pixels that GDAL's metadata say, or an empty text."""
    return _said(tags).get("unittype", "").strip()


def _said(tags: Sequence[Tag]) -> dict[str, str]:
    """Returns what GDAL's metadata say of the pixels, by role."""
    metadata = "".join(tag[3] for tag in tags if tag[0] == METADATA)
    items = ((ROLE.search(about), said) for about, said in ITEM.findall(metadata))
    return {role[1]: said for role, said in items if role}


def described(tags: Sequence[Tag], unit: str, description: str) -> tuple[Tag, ...]:
    """Returns the tags of an image that says what its pixels are, as GDAL reads it."""
    said = next((tag[3] for tag in tags if tag[0] == METADATA), "")
    before = said.rpartition("</GDALMetadata>")[0] or "<GDALMetadata>\n"
    items = "".join(
        f'  <Item name="{role.upper()}" sample="0" role="{role}">{value}</Item>\n'
        for role, value in (("unittype", unit), ("description", description))
    )
    text = f"{before}{items}</GDALMetadata>\n"
    others = (tag for tag in tags if tag[0] != METADATA)
    return (*others, (METADATA, 2, len(text) + 1, text, True))


def moved(tags: Sequence[Tag], line: Callable[[float], float]) -> tuple[Tag, ...]:
    """Returns the tags of an image whose rows lie elsewhere than those of another.

    Args:
        tags: Of the other.
        line: Row in the other -> row, of control points.
    """
    result = []
    for code, kind, count, value, once in tags:
        if code == TIEPOINTS:  # Column, row and height; x, y and z.
            value = tuple(
                line(number) if index % 6 == 1 else number
                for index, number in enumerate(value)
            )
        result.append((code, kind, count, value, once))
    return tuple(result)


def place_tags(tags: Sequence[Tag]) -> tuple[Tag, ...]:
    """Returns the tags that place an image on the ground, and none of its pixels."""
    return tuple(tag for tag in tags if tag[0] not in (METADATA, NODATA))


def _strips(bands: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Cuts bands of rows, [any, cols] each, into strips of `TILE` rows."""
    waiting, rows = [], 0
    for band in bands:
        while rows + len(band) >= TILE:
            rest = TILE - rows
            yield np.concatenate([*waiting, band[:rest]]) if rows else band[:rest]
            waiting, rows, band = [], 0, band[rest:]
        waiting.append(band)
        rows += len(band)
    if rows:
        yield np.concatenate(waiting)


def _deflated(strips: Iterator[np.ndarray], dtype: np.dtype) -> Iterator[bytes]:
    """Yields the tiles of strips from left to right, deflated in threads.

    tifffile would wait for half a gigabyte of tiles before it deflates the first.
    """

    def deflate(tile):
        short = [(0, TILE - length) for length in tile.shape]
        tile = np.pad(tile.astype(dtype, copy=False), short, mode="edge")
        if dtype.kind == "f":
            tile = imagecodecs.floatpred_encode(tile)
        return imagecodecs.deflate_encode(tile, level=LEVEL)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        waiting = collections.deque()
        for strip in strips:
            for col in range(0, strip.shape[1], TILE):
                waiting.append(pool.submit(deflate, strip[:, col : col + TILE]))
                if len(waiting) > 4 * THREADS:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def write(
    path: pathlib.Path,
    bands: Iterator[np.ndarray],
    shape: tuple[int, int],
    dtype: np.dtype,
    tags: Sequence[Tag],
) -> None:
    """Writes deflated tiles; BigTIFF from 4 GiB on.

    Args:
        path: Of the file.
        bands: Rows from top to bottom, [any, cols] each, `shape[0]` in all.
        shape: (rows, cols).
        dtype: Of the pixels; bytes for bool.
        tags: Geo tags.
    """
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)
    tifffile.imwrite(
        path,
        _deflated(_strips(bands), dtype),
        shape=shape,
        dtype=dtype,
        bigtiff=math.prod(shape) * dtype.itemsize >= 2**32 - 2**25,
        photometric="minisblack",
        tile=(TILE, TILE),
        compression="adobe_deflate",
        predictor=3 if dtype.kind == "f" else None,
        extratags=[
            # GDAL writes UTF-8.
            (*tag[:3], tag[3].encode() if isinstance(tag[3], str) else tag[3], tag[4])
            for tag in tags
        ],
        metadata=None,
        software="pgd2jax",
    )
