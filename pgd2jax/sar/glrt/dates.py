"""Folds the dates of a stack, and finds those that do not belong."""

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry
from pgd2jax.sar.glrt.rules import Laws

# Not in the paper: a change is found on so many pixels at least, never on one sample.
FEWEST = 4
TINY = 1e-30  # Keeps logarithms finite; any power of data is greater.


def over_dates(step, start, *images):
    """Folds images of [T, H, W] into one of [H, W], or into several.

    XLA's own sums over a leading axis take some twenty times as long on a CPU (jax
    0.10, 20 x 284 x 284).

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
def changes(
    sums: jax.Array, counts: jax.Array, averaged: jax.Array, laws: Laws
) -> jax.Array:
    """Finds the dates that differ from the rest, the most different first.

    What stays is always more than half of the dates.

    Args:
        sums: Power of a region on each date, [T, H, W].
        counts: Its pixels with data on each date, likewise, or [1, H, W] if these are
            the same on all dates.
        averaged: Dates that belong to the rest, [T] bool.
        laws: Bounds by the number of pixels, and tolerance.

    Returns:
        [T, H, W] bool, for all dates, averaged or not.
    """
    none = jnp.zeros(sums.shape[1:], jnp.float32)
    index = jnp.clip(counts.astype(jnp.int32) - 1, 0, laws.change_lows.size - 1)
    gain = radiometry.from_decibel(laws.tolerance)
    low = radiometry.intensity_from_log(jnp.take(laws.change_lows, index)) / gain
    high = radiometry.intensity_from_log(jnp.take(laws.change_highs, index)) * gain
    numbers = jnp.broadcast_to(jnp.arange(len(sums))[:, None, None], sums.shape)
    present = (counts > 0) & averaged[:, None, None]
    all_dates = over_dates(jnp.add, none, present.astype(jnp.float32))
    own = sums / jnp.maximum(counts, 1.0)
    logs = radiometry.log_intensity(own, floor=TINY)

    def add(so_far, kept, power, pixels, log):
        values = (1.0, power, pixels, log)
        return tuple(
            total + jnp.where(kept & (pixels > 0), value, 0.0)
            for total, value in zip(so_far, values, strict=True)
        )

    def further(so_far, number, off):
        most, which = so_far
        return jnp.maximum(most, off), jnp.where(off > most, number, which)

    def drop(state):
        kept, _, _ = state
        # Not before the loop: XLA would count anew for every date.
        each = jnp.broadcast_to(counts, sums.shape)
        totals = over_dates(add, (none,) * 4, kept, sums, each, logs)
        number, power, pixels, log = totals
        rest = power - jnp.where(kept, sums, 0.0)
        ratio = own * (pixels - jnp.where(kept, counts, 0.0)) / rest
        known = (counts >= FEWEST) & (rest > 0)
        beyond = known & ((ratio > high) | (ratio < low))
        # By logarithms: few bright dates must not outvote many dark ones.
        off = jnp.abs(logs - log / jnp.maximum(number, 1.0))
        off = jnp.where(kept & beyond, off, 0.0)
        start = (none, jnp.full(none.shape, -1))
        _, which = over_dates(further, start, numbers, off)
        enough = 2.0 * (number - 1.0) > all_dates
        out = (numbers == which) & enough
        return kept & ~out, beyond, out.any()

    kept = jnp.broadcast_to(averaged[:, None, None], sums.shape)
    kept, beyond, _ = jax.lax.while_loop(
        lambda state: state[2], drop, (kept, jnp.zeros_like(kept), jnp.bool_(True))
    )
    return jnp.where(averaged[:, None, None], ~kept, beyond)
