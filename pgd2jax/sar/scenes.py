"""Simulated ground: what a radar might look at, with its exact reflectivity.

A scene stacks land cover, texture, lines, a town, water and relief, each present or
not, and strews point scatterers over it. Nothing is taken from any real image. To
simulate one's own pairs:

    keys = jax.random.split(jax.random.key(0), 3)
    pair = scenes.observe(keys[0], 256, white=False, looks=1)

Everything is JAX: it runs on any device, under `jax.jit` and `jax.vmap`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import fields, landcover, radiometry, relief, speckle

# Most users hold single-look images; the others up to the looks of most ground-range
# products (Sentinel-1 GRD: 2.7 to 10.7, and three rare kinds of 30, 82 and 398).
SINGLE = 0.7
MOST_LOOKS = 12.0

ISOLATED = 24  # At most so many isolated points,
CORNERS = 32  # bright corners in a town,
ROW = 12  # and points of one row: pylons, a fence, a bridge.


class Scene(NamedTuple):
    """Ground as a radar of infinite resolution would see it.

    Attributes:
        reflectivity: R, [H, W] float32 linear power; its mean is the calibration.
        points: Deterministic scatterers on the same grid.
    """

    reflectivity: jax.Array
    points: speckle.Points


def _sometimes(key, probability, draw):
    """Returns what `draw(key)` returns, or zeros: most scenes lack most things."""
    chance, key = jax.random.split(key)
    absent = jax.tree.map(
        lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(draw, key)
    )
    return jax.lax.cond(
        jax.random.bernoulli(chance, probability), draw, lambda _: absent, key
    )


def _points(key, power, town):
    """Places isolated points, town corners and one row; powers in [H, W]."""
    shape = power.shape
    places, numbers, kinds, draws = jax.random.split(key, 4)
    isolated = fields.uniform(places, (0, shape[0]), (0, shape[1]), shape=(ISOLATED,))
    row_start, col_start, row_step, col_step, row_level, has_row, snap = fields.uniform(
        numbers,
        (0, shape[0]),
        (0, shape[1]),
        (-12.0, 12.0),
        (-12.0, 12.0),
        (8.0, 30.0),
        (0.0, 1.0),
        (0.0, 1.0),
    )
    number = jnp.arange(ROW)
    in_a_row = jnp.stack([row_start + row_step * number, col_start + col_step * number])
    corners = jnp.stack([town.corner_row, town.corner_col])
    row, col = jnp.concatenate([isolated, corners, in_a_row], axis=1)
    # Sub-pixel points of a full band have side lobes, points on the grid have none:
    # half of the scenes each.
    row = jnp.where(snap < 0.5, jnp.round(row), row)
    col = jnp.where(snap < 0.5, jnp.round(col), col)
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    nearest = (
        jnp.clip(row, 0, shape[0] - 1).astype(jnp.int32),
        jnp.clip(col, 0, shape[1] - 1).astype(jnp.int32),
    )

    total = ISOLATED + CORNERS + ROW
    kind = jnp.repeat(
        jnp.arange(3), jnp.array([ISOLATED, CORNERS, ROW]), total_repeat_length=total
    )
    density = jax.random.uniform(kinds, (3,)) ** 2
    over, chance, angle = fields.uniform(
        draws, (8.0, 35.0), (0.0, 1.0), (-jnp.pi, jnp.pi), shape=(total,)
    )
    town_here = town.mask[nearest] > 0
    allowed = jnp.where(kind == 1, town_here, (kind == 0) | (has_row < 0.15))
    chosen = (chance < density[kind]) | (kind == 2)
    over = jnp.where(kind == 2, row_level, over)  # dB over ground or scene.
    ground = jnp.where(over > 20, power.mean(), power[nearest])
    amplitude = radiometry.amplitude(ground) * radiometry.amplitude_from_decibel(over)
    present = inside & allowed & chosen
    return speckle.Points(
        row=row,
        col=col,
        amplitude=jnp.where(present, amplitude, 0.0) * jnp.exp(1j * angle),
    )


def draw(key: jax.Array, shape: tuple[int, int]) -> Scene:
    """Draws one scene.

    Args:
        key: PRNG key.
        shape: (rows, cols), at least 32 each.

    Raises:
        ValueError: if `shape` is smaller than 32 pixels.
    """
    if min(shape) < 32:
        raise ValueError(f"{shape=} must be at least 32 x 32 pixels.")
    keys = jax.random.split(key, 10)
    decibel = jax.lax.cond(
        jax.random.bernoulli(keys[0], 0.55),
        lambda k: landcover.parcels(k, shape),
        lambda k: landcover.leaves(k, shape),
        keys[1],
    )
    decibel += _sometimes(keys[3], 0.85, lambda k: landcover.texture(k, shape))

    def add_line(index, image):
        key = jax.random.fold_in(keys[4], index)
        return image + _sometimes(key, 0.35, lambda k: landcover.line(k, shape))

    decibel = jax.lax.fori_loop(0, 3, add_line, decibel)
    town = _sometimes(keys[5], 0.3, lambda k: landcover.town(k, shape, CORNERS))
    decibel += town.mask * (town.level - decibel)
    water = _sometimes(keys[6], 0.25, lambda k: landcover.water(k, shape))
    decibel += water.mask * (water.level - decibel)
    # Some scenes are flat, many are faint.
    contrast, chance = fields.uniform(keys[2], (0.4, 1.6), (0.0, 1.0))
    decibel *= jnp.where(chance < 0.08, 0.0, contrast)

    ground = radiometry.from_decibel(decibel)
    bumps = _sometimes(keys[7], 0.3, lambda k: relief.terrain(k, shape))
    ground = jax.lax.cond(
        jnp.any(bumps.height != 0),
        lambda: relief.project(
            ground, bumps.height * (1 - water.mask), bumps.incidence
        ),
        lambda: ground,
    )
    # Calibrated backscatter lies between calm water and a city.
    (level,) = fields.uniform(keys[8], (-22.0, 0.0))
    mean = radiometry.from_decibel(level)
    ground *= mean / ground.mean()
    return Scene(ground, _points(keys[9], ground, town))


def draw_kind(key: jax.Array, white: float = 0.5) -> tuple[jax.Array, jax.Array]:
    """Draws the kind of speckle.

    Args:
        key: PRNG key.
        white: Part of the examples whose samples are independent.

    Returns:
        Whether the speckle is white, bool, and the looks, float32, 1 to 12.
    """
    kind, single, looks = jax.random.split(key, 3)
    several = jnp.exp(jax.random.uniform(looks, maxval=jnp.log(MOST_LOOKS)))
    return (
        jax.random.bernoulli(kind, white),
        jnp.where(jax.random.bernoulli(single, SINGLE), 1.0, several),
    )


def observe(
    key: jax.Array, size: int, white: jax.Array | bool, looks: jax.Array | float = 1
) -> speckle.Observation:
    """Draws a scene, a transfer function and speckle.

    Args:
        key: PRNG key; equal keys give equal observations.
        size: Pixels of the square result.
        white: True for independent samples, False for a random transfer function.
        looks: Equivalent number of looks; over 1 the phase is zero.

    Returns:
        An Observation of [size, size] images.
    """
    ground, sensor, noise = jax.random.split(key, 3)
    shape = (size + 2 * speckle.MARGIN,) * 2
    transfer = speckle.draw_transfer(sensor, shape, white)
    seen = through(ground, noise, transfer, looks)
    return seen._replace(white=jnp.asarray(white, bool))


def through(
    ground: jax.Array,
    noise: jax.Array,
    transfer: speckle.Transfer,
    looks: jax.Array | float = 1,
) -> speckle.Observation:
    """Draws a scene and speckle as a sensor sees them.

    Args:
        ground: PRNG key of the scene.
        noise: PRNG key of the speckle.
        transfer: Of the sensor, `speckle.MARGIN` pixels wider on all sides than the
            result.
        looks: Equivalent number of looks; over 1 the phase is zero.

    Returns:
        An Observation.
    """
    scene = draw(ground, (len(transfer.rows), len(transfer.cols)))
    focused = speckle.focus(scene.points, transfer)
    images = speckle.observe(noise, scene.reflectivity, focused, transfer, looks)
    return speckle.observed(images, transfer, looks)
