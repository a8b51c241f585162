"""Adaptive multilook of whole scenes, tile by tile."""

import concurrent.futures
import math
from collections.abc import Callable, Iterator

import jax
import numpy as np

from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar.glrt import coherence, multilook, rules
from pgd2jax.sar.glrt.coherence import BLOCK

RULES = rules.Rules()
MOST_LOOKS = 10_000
LARGEST = 8192  # Rows and columns of a tile: 5 GB of 20 dates.
WORKERS = 2  # JAX lets go of the interpreter's lock while it computes.

Window = tuple[slice, slice]


def _cut(samples: np.ndarray, window: Window, halo: tuple[int, int]) -> np.ndarray:
    """Returns a window and its halo, NaN where these reach beyond the scene."""
    padding, inside = [(0, 0)], [slice(None)]
    for side, margin, size in zip(window, halo, samples.shape[1:], strict=True):
        start, stop = side.start - margin, side.stop + margin
        inside.append(slice(max(start, 0), min(stop, size)))
        padding.append((max(-start, 0), max(stop - size, 0)))
    return np.pad(samples[tuple(inside)], padding, constant_values=np.nan)


def _exponent(samples: np.ndarray) -> int:
    """Returns a power of two near the scene's level, which keeps squares in range.

    Being a power of two, it changes no digit.
    """
    steps = [max(1, size // 64) for size in samples.shape[1:]]
    some = np.abs(samples[:, :: steps[0], :: steps[1]])
    some = some[np.isfinite(some) & (some > 0)]
    return int(np.round(np.log2(np.median(some)))) if some.size else 0


def check_tile(size: int) -> None:
    """Checks the rows and columns of a tile.

    Raises:
        ValueError: if `size` is no multiple of 8 from 8 to `LARGEST`.
    """
    if size % BLOCK or not BLOCK <= size <= LARGEST:
        raise ValueError(f"tile {size=} must be a multiple of {BLOCK} to {LARGEST}.")


class Stack:
    """A co-registered time series, and what its tests need to know of it."""

    def __init__(
        self,
        samples: np.ndarray,
        *,
        looks: float | None = None,
        rules: rules.Rules = RULES,
        correlation: np.ndarray | None = None,
    ):
        """Measures the speckle's correlation, unless it is given.

        Args:
            samples: [T, H, W], float32 linear power or complex64, of two dates at
                least; it may be mapped from a file. NaN is no data.
            looks: Of each date, not only whole numbers; 1 for complex samples. If
                None, the median over the dates of what intensities seem to have: the
                first may hold no data.
            rules: Window and levels.
            correlation: |rho|^2 of the speckle by lag, odd, not less than the window.

        Raises:
            ValueError: if shape, type or looks do not fit, or there is no data.
        """
        if samples.ndim != 3 or len(samples) < 2 or 0 in samples.shape:
            raise ValueError(
                f"{samples.shape=} must be [dates, rows, cols] of two dates at least."
            )
        if samples.dtype not in (np.float32, np.complex64):
            raise ValueError(f"{samples.dtype=} must be float32 or complex64.")
        if looks is None:
            looks = 1.0
            if not np.iscomplexobj(samples):
                looks = float(np.median([sar_looks.estimate(date) for date in samples]))
        if not 1 <= looks <= MOST_LOOKS:
            raise ValueError(f"{looks=} must be at least 1 and at most {MOST_LOOKS}.")
        if np.iscomplexobj(samples) and looks != 1:
            raise ValueError(f"{looks=} must be 1 for complex samples.")
        self.samples, self.looks, self.rules = samples, looks, rules
        self._exponent = _exponent(samples)
        if correlation is None:
            correlation = coherence.speckle_correlation(samples)
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
        self, window: Window, without: int | None = None
    ) -> multilook.Multilook:
        """Multilooks one window, as if the scene were done in one piece.

        Args:
            window: (row_slice, col_slice), from and to multiples of 8; it may reach
                beyond the end of the scene, where nothing is known.
            without: A date to leave out of the reference, from 0 on; changes on it are
                found.

        Returns:
            A Multilook of NumPy arrays.

        Raises:
            ValueError: if the window or the date does not fit.
        """
        for side, size in zip(window, self.shape, strict=True):
            if side.start % BLOCK or side.stop % BLOCK or side.stop <= side.start:
                raise ValueError(f"{side=} must be from and to multiples of {BLOCK}.")
            if not 0 <= side.start < size:
                raise ValueError(f"{side=} must start within {size} pixels.")
        averaged = np.ones(self.dates, bool)
        if without is not None:
            if not 0 <= without < self.dates:
                raise ValueError(f"{without=} must be 0 to {self.dates - 1}.")
            averaged[without] = False
        samples = _cut(self.samples, window, self.rules.halo)
        samples = samples * np.float32(2.0**-self._exponent)
        known = np.isfinite(samples)
        ragged = bool((known != known[0]).any())
        laws = rules.laws(self.rules, self.looks, int(averaged.sum()), self.correlation)
        result = multilook.tile(samples, averaged, laws, self.rules, ragged)
        result = jax.device_get(result)
        # Of complex samples, the power scales by the square.
        exponent = self._exponent * (2 if np.iscomplexobj(samples) else 1)
        return result._replace(reference=np.ldexp(result.reference, exponent))

    def windows(self, size: int) -> Iterator[Window]:
        """Yields square windows that cover the scene and may reach beyond its end.

        Raises:
            ValueError: if `size` is no multiple of 8.
        """
        check_tile(size)
        for row in range(0, self.shape[0], size):
            for col in range(0, self.shape[1], size):
                yield slice(row, row + size), slice(col, col + size)

    def reference(
        self,
        size: int | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Multilooks the whole scene.

        Args:
            size: Rows and columns of a tile, a multiple of 8; memory grows with its
                square. None is 256 on a CPU, whose caches are small, else 1024.
            progress: Called with (tiles done, tiles in all).

        Returns:
            The reference, linear power, and the independent looks averaged, [H, W]
            float32 each.
        """
        reference = np.empty(self.shape, np.float32)
        looks = np.empty(self.shape, np.float32)
        if size is None:
            size = 256 if jax.default_backend() == "cpu" else 1024
        check_tile(size)
        # A tile beyond the scene's end costs memory and brings nothing.
        whole = BLOCK * math.ceil(max(self.shape) / BLOCK)
        windows = list(self.windows(min(size, whole)))

        def one(window):
            found = self.multilook(window)
            rows, cols = reference[window].shape
            reference[window] = found.reference[:rows, :cols]
            looks[window] = found.looks[:rows, :cols]

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for done, _ in enumerate(pool.map(one, windows), 1):
                progress(done, len(windows))
        return reference, looks
