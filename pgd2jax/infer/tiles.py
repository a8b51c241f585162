"""Cuts a scene in tiles whose halo hides every seam.

A tile's origin lies on the network's stride, and its halo is at least the network's
reach, so that a tile's core equals the same pixels of the scene in one piece.
"""

import dataclasses
import math
from collections.abc import Iterator

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

    @property
    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels to add around the scene so that every tile lies within."""
        return tuple(
            (self.halo, self.halo + math.ceil(size / core) * core - size)
            for size, core in zip((self.rows, self.cols), self.core, strict=True)
        )

    def __len__(self) -> int:
        return math.ceil(self.rows / self.core[0]) * math.ceil(self.cols / self.core[1])

    def __iter__(self) -> Iterator[tuple[slice, slice]]:
        """Yields each core as (row_slice, col_slice) of the scene, past its end too."""
        for row in range(0, self.rows, self.core[0]):
            for col in range(0, self.cols, self.core[1]):
                yield slice(row, row + self.core[0]), slice(col, col + self.core[1])

    def with_halo(self, core: tuple[slice, slice]) -> tuple[slice, slice]:
        """Returns the window of a core and its halo in the padded scene."""
        return tuple(slice(s.start, s.stop + 2 * self.halo) for s in core)


def plan(shape: tuple[int, int], stride: int, reach: int, tile: int) -> Plan:
    """Plans the tiles of a scene.

    Args:
        shape: (rows, cols) of the scene, at least 1 each.
        stride: Of the network.
        reach: Of the network, to one side, pixels.
        tile: Largest rows and columns of a core; rounded up to the stride, and down
            for small scenes.

    Raises:
        ValueError: if `tile` is not positive.
    """
    if tile < 1:
        raise ValueError(f"{tile=} must be at least 1.")
    core = tuple(math.ceil(min(tile, size) / stride) * stride for size in shape)
    return Plan(*shape, core=core, halo=math.ceil(reach / stride) * stride)


def pad(image: np.ndarray, plan: Plan) -> np.ndarray:
    """Mirrors an image, [H, W], as far as its plan needs."""
    return np.pad(image, plan.padding, mode="reflect")
