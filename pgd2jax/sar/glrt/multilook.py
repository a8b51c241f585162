"""Adaptive multilook of a time series: what the near-real references are made by.

For every pixel, the neighbours of equal reflectivity are found by likelihood ratio
tests in two stages. First, temporal means of neighbours against the centre's own; their
average is better known than the centre, whose own fluctuation picks its neighbours.
Then, every candidate against that average; what hangs together with the centre counts.
Dates on which the first region as a whole changed are left out.

After Guan et al., J-STARS 2024, section II, and Parizzi and Brcic, "Adaptive InSAR
stack multilooking exploiting amplitude statistics", GRSL 2011.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry
from pgd2jax.sar.glrt import law, regions
from pgd2jax.sar.glrt.coherence import independence
from pgd2jax.sar.glrt.dates import TINY, changes, moments
from pgd2jax.sar.glrt.rules import Laws, Rules, independent

# Not in the paper: dispersion of intensity of a persistent scatterer, at most, against
# that of speckle. In amplitude, at one look: 0.25 (Ferretti et al., TGRS 2001).
STABLE = 0.5
BRIGHT = math.log(4.0)  # Over the geometric mean of its window: 6 dB,
RARE = 4.0  # and standard deviations.


class Multilook(NamedTuple):
    """An adaptive multilook.

    Attributes:
        reference: [H, W] float32 linear power; NaN where no date has data or power, or
            all that have were left out.
        looks: Equivalent number of looks of the reference, [H, W] float32; 0 there.
        pixels: Pixels of the region, [H, W] int32.
        changed: Dates on which the region differs, [T, H, W] bool.
    """

    reference: jax.Array
    looks: jax.Array
    pixels: jax.Array
    changed: jax.Array


@functools.partial(jax.jit, static_argnums=1)
def _crop(image: jax.Array, margin: tuple[int, int]) -> jax.Array:
    rows, cols = image.shape[-2:]
    return image[..., margin[0] : rows - margin[0], margin[1] : cols - margin[1]]


def _box(image: jax.Array, half: regions.Half) -> jax.Array:
    """Returns sums over windows, same shape; less at the borders."""
    for axis, size in ((0, half[0]), (1, half[1])):
        window = [1, 1]
        window[axis] = 2 * size + 1
        image = jax.lax.reduce_window(image, 0.0, jax.lax.add, window, (1, 1), "SAME")
    return image


def _persistent(mean, square, looks, mean_looks, half):
    """Returns where a bright scatterer outshines the speckle on all dates, [H, W].

    Args:
        mean: Of the intensity over the dates, 0 where there is none, [H, W].
        square: Mean of its square.
        looks: Of one date.
        mean_looks: Of the mean, [H, W]: speckle that is coherent from date to date is
            steady too, but rarely so bright.
        half: Of the window to compare with.
    """
    variance = square - mean * mean
    steady = variance * looks < (STABLE * mean) ** 2
    data = (mean > 0).astype(mean.dtype)
    logs = data * radiometry.log_intensity(mean, floor=TINY)
    around = _box(logs, half) / jnp.maximum(_box(data, half), 1.0)
    rare = RARE * jnp.sqrt(law.spread(jnp.maximum(mean_looks, TINY)))
    above = radiometry.log_intensity(mean, floor=TINY) - around
    return steady & (above > jnp.maximum(rare, BRIGHT))


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
    """Returns the logarithm, NaN where there is no power or a pixel is apart."""
    logs = radiometry.log_intensity(mean, floor=TINY) + apart
    return jnp.where(mean > 0, logs, jnp.nan)


@functools.partial(jax.jit, static_argnames="rules")
def _prepare(stack, averaged, laws, rules):
    """Returns the _Dates of a tile, two windows around it."""
    power, share = stack, jnp.ones(stack.shape[1:], jnp.float32)
    if jnp.iscomplexobj(stack):
        power = radiometry.intensity(stack)
        share = independence(stack, averaged, laws.area)
    known = jnp.isfinite(power)
    power = jnp.where(known, power, 0.0)
    mean, square, number = moments(power, known & averaged[:, None, None])
    looks = laws.looks * number * share
    single = _persistent(mean, square, laws.looks, looks, rules.half) | (mean == 0)
    apart = jnp.where(single, jnp.nan, 0.0)
    margin = tuple(h - 2 * s for h, s in zip(rules.halo, rules.half, strict=True))
    return _Dates(*(_crop(image, margin) for image in (power, known, share, apart)))


@functools.partial(jax.jit, static_argnames="margin")
def _means(dates, used, laws, margin=(0, 0)):
    """Returns the _Means, less a margin, over the dates that are used, [T, H, W]."""
    dates = _Dates(*(_crop(image, margin) for image in dates))
    mean, _, number = moments(dates.power, dates.known & used)
    looks = jnp.where(mean > 0, laws.looks * number * dates.share, 0.0)
    relative = law.spread(jnp.maximum(looks, TINY)) / law.spread(laws.nominal)
    weighted = jnp.stack([mean * looks, looks])
    return _Means(_logarithm(mean, dates.apart), relative, weighted)


@functools.partial(jax.jit, static_argnames="half")
def _first_regions(means, laws, half):
    """Returns the pixels whose temporal means are equal to the centre's.

    They need not be connected: a centre far off the mean has no neighbour that is like
    it, but others that are bring the average nearer to the mean.
    """
    own, own_relative = _crop(means.logs, half), _crop(means.relative, half)

    def equal(width, neighbour, its_relative):
        # Leading order for unequal looks, exact for equal ones.
        bound = width * width * 0.5 * (own_relative + its_relative)
        return (neighbour - own) ** 2 <= bound

    found = regions.select(equal, (means.logs, means.relative), laws.widths, half)
    return found | regions.centre(half)


@functools.partial(jax.jit, static_argnames="half")
def _second_regions(means, sums, apart, laws, half):
    """Returns the pixels whose temporal means are equal to the first average.

    Args:
        means: Padded by one window.
        sums: Power times looks and looks of the first regions, [2, H, W].
        apart: Of _Dates, padded by two windows.
        laws: Bounds by the pixels in the average.
        half: Of the window.
    """
    apart = _crop(_crop(apart, half), half)
    average = _logarithm(sums[0] / jnp.maximum(sums[1], TINY), apart)
    pixels = jnp.round(sums[1] / laws.nominal).astype(jnp.int32)
    index = jnp.clip(pixels - 1, 0, laws.lows.size - 1)
    low, high = jnp.take(laws.lows, index), jnp.take(laws.highs, index)

    def equal(_, neighbour, its_scale):
        away = (neighbour - average) * its_scale
        return (low <= away) & (away <= high)

    scale = jax.lax.rsqrt(means.relative)
    found = regions.select(equal, (means.logs, scale), laws.widths, half)
    return found | regions.centre(half)


@jax.jit
def _average(region, sums, changed, laws):
    """Returns the Multilook of regions, from their power times looks, and looks."""
    pixels = regions.count(region)
    share = independent(pixels, laws.area) / pixels
    # 0 / 0, not a number, where there is no data.
    return Multilook(sums[0] / sums[1], sums[1] * share, pixels, changed)


def tile(
    stack: jax.Array, averaged: jax.Array, laws: Laws, rules: Rules, ragged: bool
) -> Multilook:
    """Multilooks one tile.

    Args:
        stack: [T, rows + 2 halo, cols + 2 halo], linear power, or complex samples,
            whose coherence between dates then lowers the looks. NaN is no data.
        averaged: Dates that may enter the reference, [T] bool. The others are looked
            at for changes alone.
        laws: From `laws`, for as many dates as are averaged.
        rules: Window and levels.
        ragged: Whether a pixel may have data on some dates and none on others, which
            costs time.

    Returns:
        A Multilook of [rows, cols].
    """
    half = rules.half
    dates = _prepare(stack, averaged, laws, rules)
    each = averaged[:, None, None]

    # Each sum over regions is an array in memory before it is used: fused into what
    # uses it, it would be done again and again.
    first = _first_regions(_means(dates, each, laws), laws, half)
    sums = regions.total(first, dates.power, half)
    counted = dates.known if ragged else dates.known[:1]
    counts = regions.total(first, counted.astype(jnp.float32), half)
    changed = changes(sums, counts, averaged, laws)

    # Each pixel without its own changed dates; one window around the tile remains.
    means = _means(dates, each & ~changed, laws, half)
    sums = regions.total(_crop(first, half), means.weighted, half)
    second = _second_regions(means, sums, dates.apart, laws, half)
    second = regions.connect(second, half)
    sums = regions.total(second, means.weighted, half)
    return _average(second, sums, _crop(changed, half), laws)
