"""What belongs together, and the bounds of the tests that follow from it."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from pgd2jax.sar.glrt import law, regions
from pgd2jax.sar.glrt.coherence import BLOCK


@dataclasses.dataclass(frozen=True)
class Rules:
    """What belongs together.

    Attributes:
        window: (rows, cols) in which neighbours are looked for, odd.
        level: Part of equal neighbours that either test rejects.
        change_level: Chance that an unchanged region loses a date.
        change_db: Changes up to this are averaged: an exact test on thousands of looks
            finds every shower.
    """

    window: tuple[int, int] = (15, 15)
    level: float = 0.02
    change_level: float = 0.01
    change_db: float = 1.0

    def __post_init__(self):
        """Checks the ranges."""
        largest = 2 * regions.LARGEST + 1
        if not all(size % 2 and 1 <= size <= largest for size in self.window):
            raise ValueError(f"{self.window=} must be odd, of 1 to {largest} pixels.")
        for name in ("level", "change_level"):
            if not 1e-6 <= getattr(self, name) <= 0.5:
                raise ValueError(f"{name}={getattr(self, name)} must be 1e-6 to 0.5.")
        if self.change_db < 0:
            raise ValueError(f"{self.change_db=} must not be negative.")

    @property
    def half(self) -> regions.Half:
        """(half_rows, half_cols) of the window."""
        return tuple(size // 2 for size in self.window)

    @property
    def halo(self) -> tuple[int, int]:
        """Pixels around a tile that it depends on, whole blocks of coherence."""
        # Two windows and what the coherence is smoothed over, or three windows.
        return tuple(
            BLOCK * math.ceil(max(3 * half, 2 * half + 2 * BLOCK) / BLOCK)
            for half in self.half
        )


class Laws(NamedTuple):
    """The tests' bounds for a stack, from `laws`.

    Attributes:
        looks: Of one date, float32.
        nominal: Looks of the mean of all dates that are averaged, float32.
        area: Pixels to an independent one, float32.
        widths: Bound on |ln ratio| of two pixels by lag, [rows, cols] of the window.
        lows, highs: Bounds on ln(pixel / average) by the pixels in the average, [N].
        change: Standard deviations that a changed date is off, float32.
        tolerance: Changes to put up with, dB, float32.
    """

    looks: np.ndarray
    nominal: np.ndarray
    area: np.ndarray
    widths: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    change: np.ndarray
    tolerance: np.ndarray


def laws(rules: Rules, looks: float, dates: int, correlation: np.ndarray) -> Laws:
    """Computes the exact bounds of the tests.

    Args:
        rules: Window and levels.
        looks: Of one date.
        dates: To be averaged.
        correlation: |rho|^2 of the speckle by lag, shaped like the window.

    Raises:
        ValueError: if `correlation` does not fit the window, or a number its range.
    """
    if correlation.shape != rules.window:
        raise ValueError(f"{correlation.shape=} and {rules.window=} must be equal.")
    if looks <= 0 or dates < 1:
        raise ValueError(f"{looks=} must be positive and {dates=} at least 1.")
    nominal = looks * dates
    area = float(correlation.sum())
    pixels = np.arange(1, correlation.size + 1)
    # The law changes little over many pixels: a grid is enough.
    grid = np.unique(np.geomspace(1, correlation.size, 24).round())
    ends = [
        law.bounds(nominal * float(independent(n, area)), nominal, rules.level)
        for n in grid
    ]
    lows, highs = (
        np.interp(np.log(pixels), np.log(grid), end) for end in np.transpose(ends)
    )
    bounds = (law.half_widths(nominal, rules.level, correlation), lows, highs)
    # Of the logarithm of a mean over so many pixels, which is all but normal.
    change = stats.norm.isf(rules.change_level / dates / 2)
    numbers = (looks, nominal, area, *bounds, change, rules.change_db)
    return Laws(*(np.asarray(number, np.float32) for number in numbers))


def independent(pixels, area):
    """Returns how many independent pixels a region is worth.

    Exact for a single pixel and for many, where each shares its speckle with `area`.
    """
    return pixels / (1.0 + (area - 1.0) * (1.0 - 1.0 / pixels))
