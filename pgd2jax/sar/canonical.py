"""Canonical scenes: one thing each, so that a measure says one thing.

The suite of Di Martino et al., "Benchmarking framework for SAR despeckling", TGRS 2014,
drawn anew: homogeneous ground, terrain (there "DEM"), squares, a corner reflector and
a building. All numbers are ours: theirs come from an electromagnetic simulator.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pgd2jax.sar import radiometry, relief, speckle

SIZE = 256  # Pixels, square.
SQUARES = (0.0, 3.0, 6.0, 12.0)  # dB of the quarters, row by row.
CORNER = 35.0  # dB over the ground,
AROUND = 16  # at most so many pixels from the middle: networks have grids of their own.
# Of the building, in range: columns and level in dB over the ground.
BUILDING = {
    "layover": (slice(100, 120), 6.0),
    "line": (slice(120, 122), 20.0),  # Double reflection at the foot of the wall.
    "shadow": (slice(122, 150), -12.0),
}
LENGTH = slice(88, 168)  # Rows of the building.


class Canonical(NamedTuple):
    """A scene under one look of independent speckle.

    Attributes:
        intensity: [SIZE, SIZE] float32 linear power.
        phase: Radians, the same shape.
        reference: The exact expectation of the intensity.
    """

    intensity: np.ndarray
    phase: np.ndarray
    reference: np.ndarray


def _terrain(key) -> jax.Array:
    side = SIZE + 2 * speckle.MARGIN
    hills = relief.terrain(key, (side, side))
    return relief.project(jnp.ones((side, side)), hills.height, hills.incidence)


def _ground(name: str, key: jax.Array) -> jax.Array:
    """Returns the reflectivity, with margins, linear power."""
    side, margin = SIZE + 2 * speckle.MARGIN, speckle.MARGIN
    if name == "terrain":
        return _terrain(key)
    decibel = np.zeros((side, side), np.float32)
    middle = side // 2
    if name == "squares":
        for number, level in enumerate(SQUARES):
            row, col = divmod(number, 2)
            rows = slice(None, middle) if row == 0 else slice(middle, None)
            cols = slice(None, middle) if col == 0 else slice(middle, None)
            decibel[rows, cols] = level
    if name == "building":
        rows = slice(LENGTH.start + margin, LENGTH.stop + margin)
        for cols, level in BUILDING.values():
            decibel[rows, cols.start + margin : cols.stop + margin] = level
    return radiometry.from_decibel(jnp.asarray(decibel))


NAMES = ("homogeneous", "terrain", "squares", "corner", "building")


@jax.enable_x64(False)  # Other numbers would be drawn.
def observe(name: str, seed: int) -> Canonical:
    """Draws a scene of the suite.

    Args:
        name: One of `NAMES`.
        seed: Of the speckle, of the hills of "terrain" and the place of the corner.

    Raises:
        ValueError: if there is no such scene.
    """
    if name not in NAMES:
        raise ValueError(f"{name=} must be one of {', '.join(NAMES)}.")
    hills, sensor, noise, place = jax.random.split(jax.random.key(seed), 4)
    ground = _ground(name, hills)
    transfer = speckle.draw_transfer(sensor, ground.shape, True)
    power = radiometry.from_decibel(CORNER) if name == "corner" else 0.0
    offsets = jax.random.randint(place, (2, 1), -AROUND, AROUND + 1)
    row, col = (SIZE // 2 + speckle.MARGIN + offsets).astype(jnp.float32)
    amplitude = radiometry.amplitude(jnp.full((1,), power)) + 0j
    points = speckle.Points(row, col, amplitude)
    focused = speckle.focus(points, transfer)
    images = speckle.observe(noise, ground, focused, transfer)
    return Canonical(*(np.asarray(speckle.crop(image)) for image in images))
