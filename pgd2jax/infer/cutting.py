"""Cuts a scene into tiles that are ready for the network."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pgd2jax.infer import masks, tiles
from pgd2jax.sar import pixels, radiometry


class Tile(NamedTuple):
    """A part of a scene.

    Attributes:
        rows, cols: Of the scene, that the tile's core covers.
        samples: With the halo, gaps filled, borders mirrored; complex or linear power;
            None where the core holds no data.
        blank: What stays of the core, [rows, cols] float32: NaN or 0 for no data, all
            else 1; None where all is data.
    """

    rows: slice
    cols: slice
    samples: np.ndarray | None
    blank: np.ndarray | None


def cut(
    read: Callable[[int, int], np.ndarray],
    plan: tiles.Plan,
    scale: float,
    wanted: slice,
) -> Iterator[Tile]:
    """Yields the tiles of a scene from left to right and top to bottom.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols]; complex samples
            or linear power.
        plan: Of the scene.
        scale: Typical power of the scene.
        wanted: Rows; bands without any of them are passed over.

    Raises:
        ValueError: if power is negative.
    """
    margin = plan.halo + masks.MARGIN
    for row_core, have_rows, band in tiles.read_bands(read, plan, margin, wanted):
        power = pixels.power_of(band)
        missing = pixels.no_data(power)
        gaps = missing.any()
        value = radiometry.amplitude(scale) if np.iscomplexobj(band) else scale
        rows = tiles.mirrored(row_core, plan, 0, have_rows)
        inner = slice(row_core.start - have_rows.start, row_core.stop - have_rows.start)
        for col_core in plan.columns:
            blank, have_cols = None, tiles.within(col_core, margin, plan.cols)
            around = band[:, have_cols]
            if gaps:
                lost = missing[inner, col_core]
                if lost.any():
                    finite = np.isfinite(power[inner, col_core])
                    blank = np.where(lost, np.where(finite, 0, np.nan), 1)
                    blank = blank.astype(np.float32)
                if lost.all():
                    yield Tile(row_core, col_core, None, blank)
                    continue
                around = masks.fill(around, missing[:, have_cols], value)
            cols = tiles.mirrored(col_core, plan, 1, have_cols)
            yield Tile(row_core, col_core, around[rows[:, None], cols], blank)
