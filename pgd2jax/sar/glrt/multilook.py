"""Adaptive multilook of a time series: what the near-real references are made by.

For every pixel, the neighbours of equal reflectivity are found by likelihood ratio
tests in two stages. First, temporal means of neighbours against the centre's own; their
average is better known than the centre, whose own fluctuation picks its neighbours.
Then, every candidate against that average. Either time only what hangs together with
the centre counts. Dates on which the first region as a whole changed are left out.

After Guan et al., J-STARS 2024, section II, and Parizzi and Brcic, "Adaptive InSAR
stack multilooking exploiting amplitude statistics", GRSL 2011.
"""

import dataclasses
import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from pgd2jax.sar import radiometry
from pgd2jax.sar.glrt import law, regions
from pgd2jax.sar.glrt.coherence import BLOCK, independence

# Not in the paper: dispersion of intensity of a persistent scatterer, at most, against
# that of speckle. In amplitude, at one look: 0.25 (Ferretti et al., TGRS 2001).
STABLE = 0.5
BRIGHT = 4.0  # Power over the geometric mean of its window: 6 dB.
# Not in the paper: a change is found on so many pixels at least, never on one sample.
FEWEST = 4
TINY = 1e-30  # Keeps logarithms finite; any power of data is greater.


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


class Multilook(NamedTuple):
    """An adaptive multilook.

    Attributes:
        reference: [H, W] float32 linear power; NaN where no date has data.
        looks: Equivalent number of looks of the reference, [H, W] float32.
        pixels: Pixels of the region, [H, W] int32.
        changed: Dates on which the region differs, [T, H, W] bool.
    """

    reference: jax.Array
    looks: jax.Array
    pixels: jax.Array
    changed: jax.Array


def _crop(image: jax.Array, margin: tuple[int, int]) -> jax.Array:
    rows, cols = image.shape[-2:]
    return image[..., margin[0] : rows - margin[0], margin[1] : cols - margin[1]]


def _over_dates(step, start, *images):
    """Folds images of [T, H, W] into one of [H, W], or into several.

    XLA's own reductions of a leading axis take twenty times as long on a CPU.

    Args:
        step: (result so far, *images of one date) -> result.
        start: The first result, or several.
        *images: [T, ...] each.
    """
    result, _ = jax.lax.scan(
        lambda so_far, date: (step(so_far, *date), None), start, images
    )
    return result


def _box(image: jax.Array, half: regions.Half) -> jax.Array:
    """Returns sums over windows, same shape; less at the borders."""
    for axis, size in ((0, half[0]), (1, half[1])):
        window = [1, 1]
        window[axis] = 2 * size + 1
        image = jax.lax.reduce_window(image, 0.0, jax.lax.add, window, (1, 1), "SAME")
    return image


def _persistent(mean, square, looks, half):
    """Returns where a bright scatterer outshines the speckle on all dates, [H, W].

    Args:
        mean: Of the intensity over the dates, 0 where there is none, [H, W].
        square: Mean of its square.
        looks: Of one date.
        half: Of the window to compare with.
    """
    variance = square - mean * mean
    steady = variance * looks < (STABLE * mean) ** 2
    data = (mean > 0).astype(mean.dtype)
    logs = data * radiometry.log_intensity(mean, floor=TINY)
    around = _box(logs, half) / jnp.maximum(_box(data, half), 1.0)
    return steady & (mean > BRIGHT * radiometry.intensity_from_log(around))


@jax.jit
def _changes(sums, counts, averaged, laws_):
    """Finds the dates that differ from the rest, the most different first.

    Args:
        sums: Power of a region on each date, [T, H, W].
        counts: Its pixels with data on each date, likewise, or [1, H, W] if these are
            the same on all dates.
        averaged: Dates that belong to the rest, [T] bool.
        laws_: Level and tolerance.

    Returns:
        [T, H, W] bool, for all dates, averaged or not.
    """
    none = jnp.zeros(sums.shape[1:], jnp.float32)
    largest = _over_dates(jnp.maximum, none, counts)
    # Where data is missing on a date, its mean is too uncertain for the bound below.
    fewest = jnp.maximum(0.5 * largest, FEWEST)
    looks = laws_.looks * independent(jnp.maximum(largest, 1.0), laws_.area)
    unit = law.spread(looks)
    gain = radiometry.from_decibel(laws_.tolerance)

    def add(so_far, kept, power, pixels):
        dates, all_power, all_pixels = so_far
        return (
            dates + kept,
            all_power + jnp.where(kept, power, 0.0),
            all_pixels + jnp.where(kept, pixels, 0.0),
        )

    def drop(state):
        kept, _, number, _ = state
        # Not before the loop: XLA would count anew for every date.
        each = jnp.broadcast_to(counts, sums.shape)
        dates, power, pixels = _over_dates(add, (none,) * 3, kept, sums, each)
        rest = power - jnp.where(kept, sums, 0.0)
        own = sums * (pixels - jnp.where(kept, counts, 0.0))
        ratio = own / (rest * jnp.maximum(counts, 1.0))
        away = jnp.maximum(ratio, 1.0 / ratio)
        away = jnp.where((counts >= fewest) & (rest > 0), away, 0.0)
        others = jnp.maximum(dates - 1.0, 1.0)
        bound = laws_.change * jnp.sqrt(unit * (1.0 + 1.0 / others))
        bound = gain * radiometry.intensity_from_log(bound)

        def further(so_far, kept, away):
            return jnp.maximum(so_far, jnp.where(kept, away, 0.0))

        worst = _over_dates(further, none, kept, away)
        out = kept & (away == worst) & (away > bound)
        return kept & ~out, away > bound, number + 1, (worst > bound).any()

    kept = jnp.broadcast_to(averaged[:, None, None], sums.shape)
    most = (averaged.sum() - 1) // 2  # What stays must be more than half.
    kept, beyond, _, _ = jax.lax.while_loop(
        lambda state: state[3] & (state[2] <= most),
        drop,
        (kept, jnp.zeros_like(kept), jnp.int32(0), jnp.bool_(True)),
    )
    return jnp.where(averaged[:, None, None], ~kept, beyond)


def _moments(power, used):
    """Returns mean, mean square and number of the dates that are used, 0 if none."""

    def add(so_far, power, used):
        dates, first, second = so_far
        power = jnp.where(used, power, 0.0)
        return dates + used, first + power, second + power * power

    none = jnp.zeros(power.shape[1:], jnp.float32)
    dates, first, second = _over_dates(add, (none,) * 3, power, used)
    some = jnp.maximum(dates, 1.0)
    return first / some, second / some, dates


class _Dates(NamedTuple):
    """A stack ready for the tests, padded as these need it.

    Attributes:
        power: Linear power, 0 without data, [T, H, W].
        known: Where there is data, [T, H, W].
        share: Independent over all dates, [H, W].
        apart: NaN, which equals nothing, where a pixel keeps to itself, else 0.
    """

    power: jax.Array
    known: jax.Array
    share: jax.Array
    apart: jax.Array


class _Means(NamedTuple):
    """Temporal means, padded by one window.

    Attributes:
        logs: Logarithm of the means; NaN where a pixel keeps to itself.
        relative: Variance of `logs`, over that of a pixel with data on all dates.
        weighted: Means times their looks, and the looks, [2, H, W].
    """

    logs: jax.Array
    relative: jax.Array
    weighted: jax.Array


def _logarithm(mean, apart):
    return radiometry.log_intensity(mean, floor=TINY) + apart


@functools.partial(jax.jit, static_argnames="rules")
def _prepare(stack, averaged, laws_, rules):
    """Returns the _Dates of a tile, two windows around it."""
    power, share = stack, jnp.ones(stack.shape[1:], jnp.float32)
    if jnp.iscomplexobj(stack):
        power = radiometry.intensity(stack)
        share = independence(stack, averaged, laws_.area)
    known = jnp.isfinite(power)
    power = jnp.where(known, power, 0.0)
    mean, square, _ = _moments(power, known & averaged[:, None, None])
    single = _persistent(mean, square, laws_.looks, rules.half) | (mean == 0)
    apart = jnp.where(single, jnp.nan, 0.0)
    margin = tuple(h - 2 * s for h, s in zip(rules.halo, rules.half, strict=True))
    return _Dates(*(_crop(image, margin) for image in (power, known, share, apart)))


@jax.jit
def _means(dates, used, laws_):
    """Returns the _Means over the dates that are used, [T, H, W] bool."""
    mean, _, number = _moments(dates.power, dates.known & used)
    looks = jnp.where(mean > 0, laws_.looks * number * dates.share, 0.0)
    relative = law.spread(jnp.maximum(looks, TINY)) / law.spread(laws_.nominal)
    weighted = jnp.stack([mean * looks, looks])
    return _Means(_logarithm(mean, dates.apart), relative, weighted)


@functools.partial(jax.jit, static_argnames="half")
def _first_regions(means, laws_, half):
    """Returns the pixels whose temporal means are equal to the centre's.

    They need not be connected: a centre far off the mean has no neighbour that is like
    it, but others that are bring the average nearer to the mean.
    """
    own, own_relative = _crop(means.logs, half), _crop(means.relative, half)

    def equal(width, neighbour, its_relative):
        # Leading order for unequal looks, exact for equal ones.
        bound = width * width * 0.5 * (own_relative + its_relative)
        return (neighbour - own) ** 2 <= bound

    found = regions.select(equal, (means.logs, means.relative), laws_.widths, half)
    return found | regions.centre(half)


@functools.partial(jax.jit, static_argnames="half")
def _second_regions(means, sums, apart, laws_, half):
    """Returns the pixels whose temporal means are equal to the first average.

    Args:
        means: Padded by one window.
        sums: Power times looks and looks of the first regions, [2, H, W].
        apart: Of _Dates, padded by one window.
        laws_: Bounds by the pixels in the average.
        half: Of the window.
    """
    average = _logarithm(sums[0] / jnp.maximum(sums[1], TINY), _crop(apart, half))
    pixels = jnp.round(sums[1] / laws_.nominal).astype(jnp.int32)
    index = jnp.clip(pixels - 1, 0, laws_.lows.size - 1)
    low, high = jnp.take(laws_.lows, index), jnp.take(laws_.highs, index)

    def equal(_, neighbour, its_scale):
        away = (neighbour - average) * its_scale
        return (low <= away) & (away <= high)

    scale = jax.lax.rsqrt(means.relative)
    found = regions.select(equal, (means.logs, scale), laws_.widths, half)
    return found | regions.centre(half)


@jax.jit
def _average(region, sums, changed, laws_):
    """Returns the Multilook of regions, from their power times looks, and looks."""
    pixels = regions.count(region)
    share = independent(pixels, laws_.area) / pixels
    # 0 / 0, not a number, where there is no data.
    return Multilook(sums[0] / sums[1], sums[1] * share, pixels, changed)


def tile(
    stack: jax.Array, averaged: jax.Array, laws_: Laws, rules: Rules, ragged: bool
) -> Multilook:
    """Multilooks one tile.

    Args:
        stack: [T, rows + 2 halo, cols + 2 halo], linear power, or complex samples,
            whose coherence between dates then lowers the looks. NaN is no data.
        averaged: Dates that may enter the reference, [T] bool. The others are looked
            at for changes alone.
        laws_: From `laws`, for as many dates as are averaged.
        rules: Window and levels.
        ragged: Whether a pixel may have data on some dates and none on others, which
            costs time.

    Returns:
        A Multilook of [rows, cols].
    """
    half = rules.half
    dates = _prepare(stack, averaged, laws_, rules)
    each = averaged[:, None, None]

    # Each sum over regions is an array in memory before it is used: fused into what
    # uses it, it would be done again and again.
    first = _first_regions(_means(dates, each, laws_), laws_, half)
    sums = regions.total(first, dates.power, half)
    counted = dates.known if ragged else dates.known[:1]
    counts = regions.total(first, counted.astype(jnp.float32), half)
    changed = _changes(sums, counts, averaged, laws_)

    # Each pixel without its own changed dates; one window around the tile remains.
    dates = _Dates(*(_crop(image, half) for image in dates))
    means = _means(dates, each & ~changed, laws_)
    sums = regions.total(_crop(first, half), means.weighted, half)
    second = _second_regions(means, sums, dates.apart, laws_, half)
    second = regions.connect(second, half)
    sums = regions.total(second, means.weighted, half)
    return _average(second, sums, _crop(changed, half), laws_)
