"""Cuts a scene into tiles that are ready for the network."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pgd2jax.infer import masks, tiles
from pgd2jax.sar import pixels, radiometry


class Tile(NamedTuple):
    """A part of a scene.

    Attributes:
        rows, cols: Where it lies.
        samples: With the halo, gaps filled; complex or linear power; None where the
            core holds no data.
        blank: What stays of the core, [rows, cols] float32: NaN or 0 for no data, all
            else 1; None where all is data.
    """

    rows: tiles.Span
    cols: tiles.Span
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
    margin, height, width = masks.MARGIN, plan.rows.length, plan.cols.length
    for rows, have_rows, band in tiles.read_bands(read, plan.rows, margin, wanted):
        power = pixels.power_of(band)
        missing = pixels.no_data(power)
        gaps = missing.any()
        value = radiometry.amplitude(scale) if np.iscomplexobj(band) else scale
        row = tiles.mirrored(rows, have_rows, height)
        inner = slice(
            rows.core.start - have_rows.start, rows.core.stop - have_rows.start
        )
        for cols in plan.cols:
            blank, have_cols = None, tiles.around(cols, margin, width)
            samples = band[:, have_cols]
            if gaps:
                lost = missing[inner, cols.core]
                if lost.any():
                    finite = np.isfinite(power[inner, cols.core])
                    blank = np.where(lost, np.where(finite, 0, np.nan), 1)
                    blank = blank.astype(np.float32)
                if lost.all():
                    yield Tile(rows, cols, None, blank)
                    continue
                samples = masks.fill(samples, missing[:, have_cols], value)
            col = tiles.mirrored(cols, have_cols, width)
            yield Tile(rows, cols, samples[row[:, None], col], blank)
