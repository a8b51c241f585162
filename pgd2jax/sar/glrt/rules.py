"""What belongs together, and the bounds of the tests that follow from it."""

import dataclasses
import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

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
        object.__setattr__(self, "window", tuple(self.window))
        largest = 2 * regions.LARGEST + 1
        if not all(size % 2 and 1 <= size <= largest for size in self.window):
            raise ValueError(f"{self.window=} must be odd, of 1 to {largest} pixels.")
        for name in ("level", "change_level"):
            if not 1e-6 <= getattr(self, name) <= 0.5:
                raise ValueError(f"{name}={getattr(self, name)} must be 1e-6 to 0.5.")
        if not 0 <= self.change_db <= 100:
            raise ValueError(f"{self.change_db=} must be 0 to 100.")

    @property
    def half(self) -> regions.Half:
        """(half_rows, half_cols) of the window."""
        return tuple(size // 2 for size in self.window)

    @property
    def halo(self) -> tuple[int, int]:
        """Pixels around a tile that it depends on, whole blocks of coherence."""
        # Two windows, and what the coherence is smoothed over. That is more than the
        # third window, which persistent scatterers are compared with.
        return tuple(BLOCK * math.ceil(2 * half / BLOCK + 2) for half in self.half)


class Laws(NamedTuple):
    """The tests' bounds for a stack, from `laws`.

    Attributes:
        looks: Of one date, float32.
        nominal: Looks of the mean of all dates that are averaged, float32.
        area: Pixels to an independent one, float32.
        widths: Bound on |ln ratio| of two pixels by lag, [rows, cols] of the window.
        lows, highs: Bounds on ln(pixel / average) by the pixels in the average, [N].
        change_lows, change_highs: Bounds on ln(region on a date / on the others) by its
            pixels, [N].
        tolerance: Changes to put up with, dB, float32.
    """

    looks: np.ndarray
    nominal: np.ndarray
    area: np.ndarray
    widths: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    change_lows: np.ndarray
    change_highs: np.ndarray
    tolerance: np.ndarray


def laws(rules: Rules, looks: float, dates: int, correlation: np.ndarray) -> Laws:
    """Computes the bounds of the tests, exact for a region of independent pixels.

    Args:
        rules: Window and levels.
        looks: Of one date, at least 1.
        dates: To be averaged.
        correlation: |rho|^2 of the speckle by lag; odd sizes, not less than the window.

    Raises:
        ValueError: if `correlation` does not fit the window, or a number its range.
    """
    margin = [size - w for size, w in zip(correlation.shape, rules.window, strict=True)]
    if min(margin) < 0 or any(m % 2 for m in margin):
        raise ValueError(
            f"{correlation.shape=} must be odd and not less than {rules.window=}."
        )
    if not looks >= 1 or dates < 1:
        raise ValueError(f"{looks=} and {dates=} must be at least 1.")
    near = correlation[
        tuple(
            slice(m // 2, size - m // 2)
            for m, size in zip(margin, correlation.shape, strict=True)
        )
    ]
    nominal = looks * dates
    area = float(correlation.sum())
    # The laws change little over many pixels: a grid is enough.
    grid = np.unique(np.geomspace(1, near.size, 24).round())
    pixels = np.arange(1, near.size + 1)

    def by_pixels(ends):
        return [
            np.interp(np.log(pixels), np.log(grid), end) for end in np.transpose(ends)
        ]

    worth = [float(independent(n, area)) for n in grid]
    ends = [law.bounds(nominal * n, nominal, rules.level) for n in worth]
    others, level = max(dates - 1, 1), rules.change_level / dates
    change = [law.bounds(looks * n * others, looks * n, level) for n in worth]
    numbers = (
        *(looks, nominal, area, law.half_widths(nominal, rules.level, near)),
        *(*by_pixels(ends), *by_pixels(change), rules.change_db),
    )
    return Laws(*(np.asarray(number, np.float32) for number in numbers))


def independent(pixels, area):
    """Returns how many independent pixels a region is worth.

    Exact for a single pixel and for many, where each shares its speckle with `area`.
    """
    worth = pixels / (1.0 + (area - 1.0) * (1.0 - 1.0 / pixels))
    return jnp.maximum(worth, 1.0)  # A few neighbours are worth one at least.
