"""Cuts a scene in tiles whose halo hides every seam.

A tile's origin lies on the network's stride, and its halo is at least the network's
reach, so that a tile's core equals the same pixels of the scene in one piece. Tiles
side by side make a band; a scene is read and written band by band.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a scene is cut.

    Attributes:
        rows, cols: Of the scene.
        core: Rows and columns of a tile's core, multiples of the stride.
        halo: Pixels around the core, a multiple of the stride.
    """

    rows: int
    cols: int
    core: tuple[int, int]
    halo: int

    def __len__(self) -> int:
        """Returns the number of tiles."""
        return math.ceil(self.rows / self.core[0]) * math.ceil(self.cols / self.core[1])

    @property
    def bands(self) -> Iterator[slice]:
        """Yields the rows of each band of cores."""
        for row in range(0, self.rows, self.core[0]):
            yield slice(row, min(row + self.core[0], self.rows))

    @property
    def columns(self) -> Iterator[slice]:
        """Yields the columns of the cores of a band."""
        for col in range(0, self.cols, self.core[1]):
            yield slice(col, min(col + self.core[1], self.cols))


def halo(stride: int, reach: int) -> int:
    """Returns the pixels around a core, a multiple of the stride."""
    return math.ceil(reach / stride) * stride


def plan(shape: tuple[int, int], stride: int, reach: int, tile: int) -> Plan:
    """Plans the tiles of a scene.

    Args:
        shape: (rows, cols) of the scene, at least 1 each.
        stride: Of the network.
        reach: Of the network, to one side, pixels.
        tile: Largest rows and columns of a core, rounded up to the stride. Cores are as
            small as their number allows, so that little is worked out beyond the scene.

    Raises:
        ValueError: if `tile` is not positive.
    """
    if tile < 1:
        raise ValueError(f"{tile=} must be at least 1.")
    tile = math.ceil(tile / stride) * stride
    counts = (math.ceil(size / tile) for size in shape)
    even = (size / count for size, count in zip(shape, counts, strict=True))
    core = tuple(math.ceil(size / stride) * stride for size in even)
    return Plan(*shape, core=core, halo=halo(stride, reach))


def within(core: slice, margin: int, length: int) -> slice:
    """Returns a core and a margin to both sides, cut where the scene ends."""
    return slice(max(core.start - margin, 0), min(core.stop + margin, length))


def read_bands(
    read: Callable[[int, int], np.ndarray], plan: Plan, margin: int, wanted: slice
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yields bands with a margin around them; every row is read once.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols].
        plan: Of the scene.
        margin: Rows above and below a band.
        wanted: Rows; bands without any of them are passed over.

    Yields:
        The rows of the band's cores; those that come along, without those beyond the
        scene; and these, [rows, cols].
    """
    held, end = [], 0  # Blocks of rows with their first row, up to row `end`.
    for core in plan.bands:
        if core.stop <= wanted.start or core.start >= wanted.stop:
            continue
        rows = within(core, margin, plan.rows)
        end = max(end, rows.start)
        if rows.stop > end:
            held.append((end, read(end, rows.stop)))
            end = rows.stop
        held = [
            (first, block) for first, block in held if first + len(block) > rows.start
        ]
        band = np.concatenate(
            [block[max(rows.start - first, 0) :] for first, block in held]
        )
        yield core, rows, band


def mirrored(core: slice, plan: Plan, axis: int, have: slice) -> np.ndarray:
    """Returns which rows or columns of `have` make a tile with its halo.

    Beyond the scene they are mirrored, as `numpy.pad` does with mode "reflect"; past
    the halo of the scene's last pixel, where nothing matters, its farthest is repeated.

    Args:
        core: Rows or columns of the tile's core, cut where the scene ends.
        plan: Of the scene.
        axis: 0 for rows, 1 for columns.
        have: Rows or columns of the scene at hand.

    Returns:
        Indices into `have`, as many as the tile has with its halo.
    """
    length = (plan.rows, plan.cols)[axis]
    size = plan.core[axis] + 2 * plan.halo
    place = core.start - plan.halo + np.arange(size)
    place = np.minimum(place, length - 1 + plan.halo)
    period = max(2 * (length - 1), 1)
    place = np.abs(place) % period
    place = np.minimum(place, period - place) if length > 1 else 0 * place
    return place - have.start
