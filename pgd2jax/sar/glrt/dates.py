"""Folds the dates of a stack, and finds those that do not belong."""

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry
from pgd2jax.sar.glrt import law
from pgd2jax.sar.glrt.rules import independent

# Not in the paper: a change is found on so many pixels at least, never on one sample.
FEWEST = 4


def over_dates(step, start, *images):
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


def moments(power, used):
    """Returns mean, mean square and number of the dates that are used, 0 if none."""

    def add(so_far, power, used):
        dates, first, second = so_far
        power = jnp.where(used, power, 0.0)
        return dates + used, first + power, second + power * power

    none = jnp.zeros(power.shape[1:], jnp.float32)
    dates, first, second = over_dates(add, (none,) * 3, power, used)
    some = jnp.maximum(dates, 1.0)
    return first / some, second / some, dates


@jax.jit
def changes(sums, counts, averaged, laws):
    """Finds the dates that differ from the rest, the most different first.

    Args:
        sums: Power of a region on each date, [T, H, W].
        counts: Its pixels with data on each date, likewise, or [1, H, W] if these are
            the same on all dates.
        averaged: Dates that belong to the rest, [T] bool.
        laws: Level and tolerance.

    Returns:
        [T, H, W] bool, for all dates, averaged or not.
    """
    none = jnp.zeros(sums.shape[1:], jnp.float32)
    largest = over_dates(jnp.maximum, none, counts)
    # Where data is missing on a date, its mean is too uncertain for the bound below.
    fewest = jnp.maximum(0.5 * largest, FEWEST)
    looks = laws.looks * independent(jnp.maximum(largest, 1.0), laws.area)
    unit = law.spread(looks)
    gain = radiometry.from_decibel(laws.tolerance)

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
        dates, power, pixels = over_dates(add, (none,) * 3, kept, sums, each)
        rest = power - jnp.where(kept, sums, 0.0)
        own = sums * (pixels - jnp.where(kept, counts, 0.0))
        ratio = own / (rest * jnp.maximum(counts, 1.0))
        away = jnp.maximum(ratio, 1.0 / ratio)
        away = jnp.where((counts >= fewest) & (rest > 0), away, 0.0)
        others = jnp.maximum(dates - 1.0, 1.0)
        bound = laws.change * jnp.sqrt(unit * (1.0 + 1.0 / others))
        bound = gain * radiometry.intensity_from_log(bound)

        def further(so_far, kept, away):
            return jnp.maximum(so_far, jnp.where(kept, away, 0.0))

        worst = over_dates(further, none, kept, away)
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
