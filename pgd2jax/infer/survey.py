"""Looks at a part of a scene before the whole is despeckled."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels, radiometry, spectrum, whitening

STRIPS = 32  # At most so many strips, evenly spread from top to bottom,
ROWS = sar_looks.BLOCK  # of so many rows each: scenes of up to 512 rows as a whole.
LINES = spectrum.SAMPLES  # Rows of a part whose spectrum is estimated,
COLUMNS = 256  # and its columns, at most.
PARTS = (4, 16)  # So many at least and at most,
EACH = 2**18  # and one for so many pixels.
GOLDEN = 0.618034  # Its multiples scatter the parts over the columns.
MOST_STRIPS = 64  # That are looked at where the first ones hold no data.
MISSING = 0.75  # Part of its pixels without data from which a part tells nothing.
FEW = 0.01  # Part of the strips' pixels under which data are looked for elsewhere.


class Survey(NamedTuple):
    """What a scene is like.

    Attributes:
        scale: Geometric mean of the linear power, to which the network's input is
            referred: one for the whole scene, since a factor that changed from place to
            place would need care not to move the calibration, and the network knows
            levels 15 dB and more to both sides of the typical. None without any data.
        looks: Equivalent number of looks, estimated.
        whitener: Of complex samples, where the network asks for it.
    """

    scale: np.float32 | None
    looks: float
    whitener: whitening.Whitener | None = None


def survey(read: Callable[[int, int], np.ndarray], shape: tuple[int, int]) -> Survey:
    """Reads some strips of a scene; where they hardly hold data, those from its first.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols]; complex samples
            or linear power.
        shape: (rows, cols) of the scene.

    Raises:
        ValueError: if the typical power is too small to divide by.
    """
    starts = range(0, shape[0], ROWS)
    few = starts[:: -(-len(starts) // STRIPS)]
    power = _power(read, shape[0], few)
    if np.isfinite(power).mean() < FEW and len(few) < len(starts):
        for index, start in enumerate(starts):
            if np.isfinite(_power(read, shape[0], [start])).any():
                power = _power(read, shape[0], starts[index : index + STRIPS])
                break
    if not np.isfinite(power).any():
        return Survey(None, 1.0)
    scale = radiometry.geometric_mean(power)
    if scale < np.finfo(np.float32).tiny:
        raise ValueError(f"the image's typical power, {scale:g}, is too small.")
    return Survey(scale, sar_looks.estimate(power))


def whitener(
    read: Callable[[int, int], np.ndarray], shape: tuple[int, int]
) -> whitening.Whitener | None:
    """Estimates what makes the samples of a scene independent.

    One for the whole scene, as the sensor does not change; a centroid that does is
    found around every pixel.

    Args:
        read: (start, stop) -> rows `start` to `stop` - 1, [rows, cols] complex samples.
        shape: (rows, cols) of the scene.

    Returns:
        None where the scene is too small, or holds too few data in one place.
    """
    rows, cols = shape
    if min(shape) < LINES:
        return None
    strips = range(0, rows - LINES + 1, LINES)
    count = int(np.clip(rows * cols // EACH, *PARTS))
    few, more = (strips[:: -(-len(strips) // most)] for most in (count, MOST_STRIPS))
    width = min(COLUMNS, cols)
    each = min(-(-count // len(few)), -(-cols // width))
    found = []
    for number, start in enumerate((*few, *more)):
        if number >= len(few) and found:
            break  # The others are for scenes that hold data in few places.
        band = read(start, start + LINES)
        for place in range(number * each, (number + 1) * each):
            left = int(place * GOLDEN % 1 * (cols - width))
            part = band[:, left : left + width]
            missing = pixels.no_data(part)
            if missing.mean() < MISSING:
                found.append(np.where(missing, 0, part))
    return spectrum.whitener(found)


def _power(read, rows: int, starts) -> np.ndarray:
    """Returns the linear power of some strips, one below the other; NaN for no data."""
    strips = (read(start, min(start + ROWS, rows)) for start in starts)
    power = np.concatenate([pixels.power_of(strip) for strip in strips])
    return np.where(pixels.no_data(power), np.nan, power)
