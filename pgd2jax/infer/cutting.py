"""Cuts a scene into tiles that are ready for the network."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from typing import NamedTuple

import jax
import numpy as np

from pgd2jax.infer import masks, tiles
from pgd2jax.sar import pixels, radiometry
from pgd2jax.sar.whitening import Whitener

THREADS = min(8, os.cpu_count() or 1)  # NumPy releases the GIL.


class Tile(NamedTuple):
    """A part of a scene.

    Attributes:
        first: Row of the scene where the tile's piece of it begins.
        rows, cols: Where it lies in the piece.
        samples: With the halo, gaps filled; complex or linear power; on its device;
            None where the core holds no data.
        blank: What stays of the core, [rows, cols] float32: NaN or 0 for no data, all
            else 1; None where all is data.
    """

    first: int
    rows: tiles.Span
    cols: tiles.Span
    samples: jax.Array | None
    blank: np.ndarray | None


def cut(
    read: Callable[[int, int], np.ndarray],
    plans: Iterable[tuple[int, tiles.Plan]],
    scale: float,
    wanted: slice,
    put: Callable[[np.ndarray], jax.Array],
    whitener: Whitener | None = None,
) -> Iterator[futures.Future[Tile]]:
    """Yields the tiles of a scene from left to right and top to bottom.

    Threads cut them and put them on the devices while the next ones are read. A future
    raises ValueError if its tile holds negative power.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols]; complex samples
            or linear power.
        plans: Of pieces that are no neighbours on the ground, each with its first row.
        scale: Typical power of the scene.
        wanted: Rows; bands without any of them are passed over.
        put: Puts the samples of a tile on a device.
        whitener: Of complex samples, if they will be whitened.
    """
    margin = masks.MARGIN + pixels.EMPTY
    with futures.ThreadPoolExecutor(THREADS) as pool:
        for first, plan in plans:

            def read_piece(start, stop, first=first):
                return read(first + start, first + stop)

            part = slice(wanted.start - first, wanted.stop - first)
            bands = tiles.read_bands(read_piece, plan.rows, margin, part)
            for rows, have_rows, blocks in bands:
                for cols in plan.cols:
                    have_cols = tiles.around(cols, margin, plan.cols.length)
                    have = have_rows, have_cols
                    near = [block[:, have_cols] for block in blocks]
                    yield pool.submit(
                        _tile, near, first, (rows, cols), have, scale, put, whitener
                    )


def _tile(
    near: list[np.ndarray],
    first: int,
    spans: tuple[tiles.Span, tiles.Span],
    have: tuple[slice, slice],
    scale: float,
    put: Callable[[np.ndarray], jax.Array],
    whitener: Whitener | None,
) -> Tile:
    """Returns a tile of the samples at hand, its rows and columns and some around."""
    inside = all(s.whole.stop <= h.stop for s, h in zip(spans, have, strict=True))
    if inside and all(map(_is_data, near)):
        whole = tiles.placed((span.whole for span in spans), have)
        return Tile(first, *spans, put(_joined(near, whole)), None)
    samples = near[0] if len(near) == 1 else np.concatenate(near)
    value = radiometry.amplitude(scale)
    if not np.iscomplexobj(samples):
        samples, value = pixels.power_of(samples), scale
    missing, blank = pixels.no_data(samples), None
    core = tiles.placed((span.core for span in spans), have)
    lost = missing[core]
    if lost.any():
        finite = np.isfinite(pixels.power_of(samples[core]))
        blank = np.where(lost, np.where(finite, 0, np.nan), 1).astype(np.float32)
        if lost.all():
            return Tile(first, *spans, None, blank)
    samples = masks.fill(samples, missing, value, whitener)
    tile = tiles.mirrored(samples, spans, have, whitener)
    return Tile(first, *spans, put(tile), blank)


def _is_data(block: np.ndarray) -> bool:
    """Returns whether all samples have a power over 0: there is nothing to fill."""
    for start in range(0, len(block), pixels.ROWS):
        power = pixels.power_of(block[start : start + pixels.ROWS])
        if not (power.min() > 0 and power.max() < np.inf):  # NaN is neither.
            return False
    return True


def _joined(near: list[np.ndarray], whole: tuple[slice, slice]) -> np.ndarray:
    """Returns a part of blocks that lie one below the other, in an array of its own."""
    rows, cols = whole
    dtype = np.complex64 if np.iscomplexobj(near[0]) else np.float32
    tile = np.empty((rows.stop - rows.start, cols.stop - cols.start), dtype)
    top = -rows.start  # Of a block in the tile.
    for block in near:
        part = block[max(-top, 0) : max(len(tile) - top, 0), cols]
        tile[max(top, 0) :][: len(part)] = part
        top += len(block)
    return tile
