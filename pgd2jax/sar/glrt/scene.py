"""Adaptive multilook of whole scenes, tile by tile."""

import concurrent.futures
import math
from collections.abc import Callable, Iterator

import jax
import numpy as np

from pgd2jax.sar.glrt import coherence, multilook

RULES = multilook.Rules()
WORKERS = 2  # JAX lets go of the interpreter's lock while it computes.


def window(stack: np.ndarray, rows: slice, cols: slice) -> np.ndarray:
    """Returns a window of a stack, NaN where it reaches beyond the scene.

    Args:
        stack: [T, H, W], float32 or complex64; it may be mapped from a file.
        rows: May start below 0 and stop beyond the end.
        cols: Likewise.
    """
    shape = (len(stack), rows.stop - rows.start, cols.stop - cols.start)
    cut = np.full(shape, np.nan, stack.dtype)
    inside = [
        (max(side.start, 0), min(side.stop, size))
        for side, size in zip((rows, cols), stack.shape[1:], strict=True)
    ]
    if all(start < stop for start, stop in inside):
        (top, bottom), (left, right) = inside
        cut[
            :,
            top - rows.start : bottom - rows.start,
            left - cols.start : right - cols.start,
        ] = stack[:, top:bottom, left:right]
    return cut


class Stack:
    """A co-registered time series, and what its tests need to know of it."""

    def __init__(
        self,
        samples: np.ndarray,
        *,
        looks: float = 1.0,
        rules: multilook.Rules = RULES,
        correlation: np.ndarray | None = None,
    ):
        """Measures the speckle's correlation, unless it is given.

        Args:
            samples: [T, H, W], float32 linear power or complex64, of two dates at
                least; it may be mapped from a file. NaN is no data.
            looks: Of each date.
            rules: Window and levels.
            correlation: |rho|^2 of the speckle by lag, shaped like the window.

        Raises:
            ValueError: if shape or type do not fit, or there is no data.
        """
        samples = samples if isinstance(samples, np.ndarray) else np.asarray(samples)
        if samples.ndim != 3 or len(samples) < 2 or 0 in samples.shape:
            raise ValueError(
                f"{samples.shape=} must be [dates, rows, cols] of two dates at least."
            )
        if samples.dtype not in (np.float32, np.complex64):
            raise ValueError(f"{samples.dtype=} must be float32 or complex64.")
        if not (math.isfinite(looks) and looks > 0):
            raise ValueError(f"{looks=} must be positive.")
        if np.iscomplexobj(samples) and looks != 1:
            raise ValueError(f"{looks=} must be 1: samples are complex.")
        self.samples, self.looks, self.rules = samples, looks, rules
        if correlation is None:
            correlation = coherence.speckle_correlation(samples, rules.window)
        self.correlation = np.asarray(correlation, np.float32)

    @property
    def dates(self) -> int:
        """Number of dates."""
        return len(self.samples)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the scene."""
        return self.samples.shape[1:]

    def multilook(
        self, rows: slice, cols: slice, without: int | None = None
    ) -> multilook.Multilook:
        """Multilooks one window, as if the scene were done in one piece.

        Args:
            rows: Of the scene, from a multiple of 8; they may stop beyond its end.
            cols: Likewise.
            without: A date to leave out of the reference; changes on it are found.

        Returns:
            A Multilook of NumPy arrays.
        """
        halo = self.rules.halo
        wide = (
            slice(side.start - margin, side.stop + margin)
            for side, margin in zip((rows, cols), halo, strict=True)
        )
        averaged = np.arange(self.dates) != (-1 if without is None else without)
        laws = multilook.laws(
            self.rules, self.looks, int(averaged.sum()), self.correlation
        )
        samples = window(self.samples, *wide)
        known = np.isfinite(samples)
        ragged = bool((known != known[0]).any())
        result = multilook.tile(samples, averaged, laws, self.rules, ragged)
        return jax.device_get(result)

    def tiles(self, size: int) -> Iterator[tuple[slice, slice]]:
        """Yields (row_slice, col_slice) of square tiles that cover the scene."""
        for row in range(0, self.shape[0], size):
            for col in range(0, self.shape[1], size):
                yield slice(row, row + size), slice(col, col + size)

    def reference(
        self,
        size: int = 256,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Multilooks the whole scene.

        Args:
            size: Rows and columns of a tile; a multiple of 8.
            progress: Called with (tiles done, tiles in all).

        Returns:
            The reference, linear power, and its equivalent number of looks, [H, W]
            float32 each.
        """
        reference = np.empty(self.shape, np.float32)
        looks = np.empty(self.shape, np.float32)
        tiles = list(self.tiles(size))

        def one(tile):
            found = self.multilook(*tile)
            rows, cols = reference[tile].shape
            reference[tile] = found.reference[:rows, :cols]
            looks[tile] = found.looks[:rows, :cols]

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for done, _ in enumerate(pool.map(one, tiles), 1):
                progress(done, len(tiles))
        return reference, looks
