"""Cuts a scene into tiles that show no seam.

Tiles have one size, start at multiples of the network's stride and overlap by twice a
halo, which is at least the network's reach. A tile's core ends a halo before the tile
where the scene goes on, and with it where the scene ends; so it equals the same pixels
of the scene in one piece. Tiles side by side make a band; a scene is read and written
band by band.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from pgd2jax.sar.whitening import Whitener, carried


class Span(NamedTuple):
    """The rows of a tile, or its columns.

    Attributes:
        core: Of the scene, that the tile is for.
        whole: With the halo; the last may go on behind the scene, up to the stride.
    """

    core: slice
    whole: slice

    @property
    def inside(self) -> slice:
        """Where the core lies in the tile."""
        start = self.whole.start
        return slice(self.core.start - start, self.core.stop - start)


@dataclasses.dataclass(frozen=True)
class Axis:
    """How the rows of a scene are cut, or its columns.

    Attributes:
        length: Of the scene.
        padded: The same, up to a multiple of the network's stride.
        count: Of the tiles.
        step: Of their cores, a multiple of the stride.
        halo: At least the network's reach, a multiple of the stride.
    """

    length: int
    padded: int
    count: int
    step: int
    halo: int

    @property
    def size(self) -> int:
        """Of a tile with its halo."""
        return min(self.step + 2 * self.halo, self.padded)

    def __iter__(self) -> Iterator[Span]:
        """Yields the tiles, from the first row or column to the last."""
        for index in range(self.count):
            first = min(index * self.step, self.padded - self.size)
            start = index * self.step + self.halo if index else 0
            stop = (index + 1) * self.step + self.halo
            if index == self.count - 1:
                stop = self.length
            yield Span(slice(start, stop), slice(first, first + self.size))


class Plan(NamedTuple):
    """How a scene is cut."""

    rows: Axis
    cols: Axis

    @property
    def count(self) -> int:
        """Of the tiles."""
        return self.rows.count * self.cols.count


def plan(shape: tuple[int, int], stride: int, reach: int, tile: int) -> Plan:
    """Plans the tiles of a scene.

    Args:
        shape: (rows, cols) of the scene, at least 1 each.
        stride: Of the network.
        reach: Of the network, to one side, pixels.
        tile: Largest rows and columns of a tile without its halo, rounded up to the
            stride. They are as small as their number allows, so that little is worked
            out twice.

    Raises:
        ValueError: if `tile` is not positive.
    """
    if tile < 1:
        raise ValueError(f"{tile=} must be at least 1.")

    def up(size):
        return math.ceil(size / stride) * stride

    def axis(length):
        padded, halo = up(length), up(reach)
        inner = max(padded - 2 * halo, 1)
        count = math.ceil(inner / up(tile))
        return Axis(length, padded, count, up(inner / count), halo)

    return Plan(*map(axis, shape))


def around(span: Span, margin: int, length: int) -> slice:
    """Returns a tile and a margin to both sides, cut where the scene ends."""
    return slice(
        max(span.whole.start - margin, 0), min(span.whole.stop + margin, length)
    )


def read_bands(
    read: Callable[[int, int], np.ndarray], rows: Axis, margin: int, wanted: slice
) -> Iterator[tuple[Span, slice, list[np.ndarray]]]:
    """Yields bands with a margin around them; every row is read once.

    Bands overlap. Each comes as blocks of rows, one below the other, as it was read:
    whoever cuts it into tiles copies it anyway, and in more than one thread.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols].
        rows: Of the plan.
        margin: Rows above and below a band of tiles.
        wanted: Rows; bands without any of them are passed over.

    Yields:
        The rows of the band's tiles; those that come along, without those beyond the
        scene; and these, blocks of [rows, cols].
    """
    held, end = [], 0  # Blocks of rows with their first row, up to row `end`.
    for span in rows:
        if span.core.stop <= wanted.start or span.core.start >= wanted.stop:
            continue
        have = around(span, margin, rows.length)
        # Copied, so that the rows above do not stay in memory with them.
        held = [
            (max(first, have.start), block[max(have.start - first, 0) :].copy())
            for first, block in held
            if first + len(block) > have.start
        ]
        end = max(end, have.start)
        if have.stop > end:
            held.append((end, read(end, have.stop)))
            end = have.stop
        yield span, have, [block for _, block in held]


def placed(parts: Iterable[slice], have: Iterable[slice]) -> tuple[slice, ...]:
    """Returns where parts of a scene lie in the samples at hand, which are `have`."""
    return tuple(
        slice(part.start - there.start, part.stop - there.start)
        for part, there in zip(parts, have, strict=True)
    )


def mirrored(
    samples: np.ndarray,
    spans: tuple[Span, Span],
    have: tuple[slice, slice],
    whitener: Whitener | None = None,
) -> np.ndarray:
    """Returns a tile; behind the scene it is mirrored.

    Args:
        samples: At hand, [rows, cols].
        spans: The tile's rows and columns.
        have: Rows and columns of the scene that `samples` are.
        whitener: Of complex samples, if they will be whitened.
    """
    behind = [
        (0, max(span.whole.stop - there.stop, 0))
        for span, there in zip(spans, have, strict=True)
    ]
    whole = placed((span.whole for span in spans), have)
    tile = np.pad(samples[whole], behind, mode="reflect")
    if whitener is None:
        return tile
    # Whoever knows a spectrum has a scene too large to be mirrored twice.
    places = np.ogrid[tuple(map(slice, tile.shape))]
    # A steady axis first: the other one's correction counts on it.
    for axis in sorted((0, 1), key=lambda axis: whitener.moves[axis]):
        size = tile.shape[axis] - behind[axis][1]
        part = np.moveaxis(tile, axis, 0)[size:]
        place, others = (np.moveaxis(places[a], axis, 0) for a in (axis, 1 - axis))
        steps = 2 * (place[size:] - (size - 1))
        part[:] = carried(part, axis, steps, others, whitener)
    return tile
