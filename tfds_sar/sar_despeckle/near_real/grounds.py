"""Which tiles show the same ground, and which split each ground goes to.

Names tell some of it: `1_20160213` shows ground 1 on a date. References tell the rest,
whatever the files are called: those of one ground are alike, and those of neighbours
cut from one scene go on over the border.
"""

import collections
import dataclasses
import hashlib
import re
from collections.abc import Hashable, Sequence

import numpy as np

from pgd2jax.sar import radiometry
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError

THUMBNAIL = 32  # Rows and columns to compare grounds at.
ALIKE = 0.98  # Correlation of the thumbnails of two references of one ground.
LEVEL = 1.0  # dB between the means of two references of one ground.
RELIEF = 0.5  # dB of standard deviation, below which a thumbnail is featureless.

SMOOTH = 9  # Pixels along a border, over which its large shapes are taken off: a ramp
# or a single step would agree with that of any other tile.
# Times the median detail of the line: a shore or a bright point that lies alike on two
# borders must not make them agree by itself.
CLIP = 3.0
FINEST = 0.1  # dB; finer detail is rounding.
# A border goes on if its details or its whole line agree. Agreement is a correlation
# over that of independent lines of equal spectra (`_agreement`); the step is the mean
# square over the border against that between lines inside the tile: 1.0 in the median
# of true borders, 1.2 at the upper decile. To be each other's best match asks for much
# in itself. Of 240 borders in 60 scenes this finds 86 % (no residual speckle) to 97 %
# (20 looks), and none between scenes.
DETAILS, STEP_OF_DETAILS = 4.0, 2.5
WHOLE, STEP_OF_WHOLE = 2.5, 1.5

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}

_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# Between the words and numbers of a name: 20160213, with a time or without,
# 2016_02_13, 13_feb_2016.
_DATE = re.compile(
    r"(?<![^_])(?:(?:19|20)\d{6}(?:\d{6}|_t_\d{6})?"
    r"|(?:19|20)\d\d_(?:0[1-9]|1[0-2])_(?:[0-2]\d|3[01])"
    rf"|\d\d?_(?:{_MONTH})_(?:19|20)\d\d)(?![^_])"
)


@dataclasses.dataclass(frozen=True)
class View:
    """What is kept of a tile's reference to compare it with all others.

    Attributes:
        thumbnail: Mean decibels, [THUMBNAIL, THUMBNAIL] float32.
        borders: Decibels of the outer lines: first and last row, first and last column,
            [4, size] float32.
        inner: Of the lines next to them.
        digest: Of all pixels.
    """

    thumbnail: np.ndarray
    borders: np.ndarray
    inner: np.ndarray
    digest: bytes


def view(reference: np.ndarray) -> View:
    """Returns the view of a reference, [size, size] linear power."""
    floor = max(float(reference.mean()) * radiometry.LOG_FLOOR, 1e-30)
    levels = radiometry.decibel(reference, floor=np.float32(floor))
    side = len(levels) // THUMBNAIL
    return View(
        levels.reshape(THUMBNAIL, side, THUMBNAIL, side).mean(axis=(1, 3)),
        np.stack([levels[0], levels[-1], levels[:, 0], levels[:, -1]]),
        np.stack([levels[1], levels[-2], levels[:, 1], levels[:, -2]]),
        hashlib.sha256(np.ascontiguousarray(reference).data).digest(),
    )


def ground(key: str) -> str:
    """Returns the name of the ground: the key without dates."""
    parts = [
        "_".join(filter(None, _DATE.sub("", part).split("_")))
        for part in key.split("/")
    ]
    return "/".join(part for part in parts if part) or key


def _unit(lines: np.ndarray) -> np.ndarray:
    """Returns lines of mean 0 and norm 1; zeros where a line is constant."""
    centred = lines - lines.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(centred, axis=-1, keepdims=True)
    return np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 1e-4)


def alike(views: Sequence[View]) -> np.ndarray:
    """Returns whether two references show the same, [N, N] bool."""
    images = np.stack([view.thumbnail for view in views]).astype(np.float64)
    mean = images.mean(axis=(1, 2))
    # Tiles of the sea differ by a ramp from near to far range and by nothing else.
    place = np.linspace(-1, 1, THUMBNAIL)
    plane = np.stack(
        [np.ones(THUMBNAIL**2), np.repeat(place, THUMBNAIL), np.tile(place, THUMBNAIL)]
    )
    flat = images.reshape(len(images), -1)
    flat = flat - flat @ np.linalg.pinv(plane) @ plane
    structured = flat.std(axis=1) > RELIEF
    same = _unit(flat) @ _unit(flat).T > ALIKE
    level = np.abs(mean[:, None] - mean) < LEVEL
    return same & level & structured[:, None] & structured


def _details(lines: np.ndarray) -> np.ndarray:
    """Returns lines without their large shapes, clipped, of mean 0 and norm 1."""
    pad = SMOOTH // 2
    padded = np.pad(lines, ((0, 0), (pad + 1, pad)), mode="reflect")
    total = np.cumsum(padded, axis=1)
    detail = lines - (total[:, SMOOTH:] - total[:, :-SMOOTH]) / SMOOTH
    # The usual detail, not the largest: shores and points are to weigh as little.
    usual = np.median(np.abs(detail), axis=1, keepdims=True)
    limit = CLIP * np.maximum(usual, FINEST)
    return _unit(np.clip(detail, -limit, limit))


def _spectra(details: np.ndarray) -> np.ndarray:
    """Returns power spectra of mean 1, [N, size]."""
    power = radiometry.intensity(np.fft.fft(details, axis=1))
    return power / np.maximum(power.mean(axis=1, keepdims=True), 1e-30)


def continues(views: Sequence[View], end: int, start: int) -> np.ndarray:
    """Returns whether tile i goes on in tile j, [N, N] bool.

    Args:
        views: Of N tiles.
        end: Number of the border of i.
        start: Of the border of j.
    """
    borders = np.stack([view.borders for view in views]).astype(np.float64)
    inner = np.stack([view.inner for view in views]).astype(np.float64)
    ends, starts = borders[:, end], borders[:, start]

    def square(lines):
        return np.mean(lines * lines, axis=1)

    step = square(ends)[:, None] + square(starts) - 2 / ends.shape[1] * ends @ starts.T
    inside = np.maximum(
        square(ends - inner[:, end])[:, None], square(starts - inner[:, start])
    )
    details, chance = _agreement(_details(ends), _details(starts))
    by_details = _mutual(details) & (details > DETAILS * chance)
    whole, chance = _agreement(_unit(ends), _unit(starts))
    variance = np.minimum(ends.var(axis=1)[:, None], starts.var(axis=1))
    structured = (
        variance > inside
    )  # Of noise alone, lines differ by twice its variance.
    by_whole = structured & _mutual(-step) & (whole > WHOLE * chance)
    return (by_details & (step < STEP_OF_DETAILS * inside)) | (
        by_whole & (step < STEP_OF_WHOLE * inside)
    )


def _agreement(ends: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns correlations of lines of norm 1, and how far they stray by chance.

    Independent lines correlate the more, the narrower their spectra are and the more
    alike (Bartlett, "Some aspects of the time-correlation problem", 1935).
    """
    chance = np.sqrt(_spectra(ends) @ _spectra(starts).T) / ends.shape[1]
    return ends @ starts.T, np.maximum(chance, 1e-9)


def _mutual(matches: np.ndarray) -> np.ndarray:
    """Returns where a row and a column are each other's best match."""
    best_of_row = matches >= matches.max(axis=1, keepdims=True)
    return best_of_row & (matches >= matches.max(axis=0, keepdims=True))


class _Forest:
    """Union-find over numbers."""

    def __init__(self, count: int):
        self._parent = list(range(count))

    def find(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> bool:
        """Joins two groups; returns whether they were apart."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low
        return low != high


@dataclasses.dataclass(frozen=True)
class Grounds:
    """Groups of tiles.

    Attributes:
        names: Of the ground of each tile: that of the group's first tile.
        joined: {evidence: how many groups it joined}, names first.
    """

    names: list[str]
    joined: dict[str, int]

    def report(self) -> str:
        """Returns number, largest group and evidence in words."""
        sizes = collections.Counter(self.names)
        largest, size = sizes.most_common(1)[0]
        evidence = ", ".join(
            f"{count} by {name}" for name, count in self.joined.items()
        )
        return (
            f"{len(sizes)} grounds, the largest {largest} of {size} tiles; joined "
            f"{evidence}"
        )


def group(keys: Sequence[str], views: Sequence[View]) -> Grounds:
    """Groups tiles by ground.

    Args:
        keys: Of the pair that each tile was cut from.
        views: Of each tile's reference.
    """
    forest = _Forest(len(keys))
    names = [ground(key) for key in keys]
    across = continues(views, 1, 0) | continues(views, 3, 2)
    evidence = {
        "name": _same(names),
        "equal references": _same([view.digest for view in views]),
        "like references": np.argwhere(alike(views)),
        "continued borders": np.argwhere(across),
    }
    joined = {
        name: sum(forest.join(int(i), int(j)) for i, j in links)
        for name, links in evidence.items()
    }
    return Grounds([names[forest.find(i)] for i in range(len(keys))], joined)


def _same(marks: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Returns the first number of each mark with each of that mark."""
    first: dict[Hashable, int] = {}
    return [(first.setdefault(mark, i), i) for i, mark in enumerate(marks)]


def deal(names: Sequence[str]) -> dict[str, list[int]]:
    """Deals whole grounds to the splits, about 8 : 1 : 1 in tiles.

    The largest ground comes first, then by name; each goes where most tiles are still
    missing, in the order of `SHARES`.

    Args:
        names: Of the ground of each tile.

    Returns:
        {split: numbers of its tiles, ascending}.

    Raises:
        ArchiveError: if there are fewer than three grounds.
    """
    sizes = collections.Counter(names)
    if len(sizes) < len(SHARES):
        raise ArchiveError(
            f"{len(sizes)} grounds ({', '.join(sorted(sizes))}) cannot be split in "
            "three; add pairs of other grounds, or name files GROUND_DATE if the names "
            "hold no ground."
        )
    missing = {split: share * len(names) for split, share in SHARES.items()}
    split_of: dict[str, str] = {}
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    for index, name in enumerate(order):
        empty = [split for split in SHARES if split not in split_of.values()]
        left = len(order) - index
        split = max(empty if left <= len(empty) else missing, key=missing.get)
        split_of[name] = split
        missing[split] -= sizes[name]
    return {
        split: [i for i, name in enumerate(names) if split_of[name] == split]
        for split in SHARES
    }
