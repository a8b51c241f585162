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
    keys = jax.random.split(key, 10)
    where = fields.uniform(keys[0], 0.0, 1.0, (2, ISOLATED)) * jnp.array(shape)[:, None]
    step = fields.uniform(keys[1], -12.0, 12.0, (2, 1))
    start = fields.uniform(keys[2], 0.0, 1.0, (2, 1)) * jnp.array(shape)[:, None]
    row_of_points = start + step * jnp.arange(ROW)
    position = jnp.concatenate(
        [where, jnp.stack([town.corner_row, town.corner_col]), row_of_points], axis=1
    )
    # Full bandwidth and weighting put side lobes beside sub-pixel points; half of the
    # scenes have theirs on the grid.
    snap = jax.random.bernoulli(keys[3])
    position = jnp.where(snap, jnp.round(position), position)
    row, col = position
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    nearest = (
        jnp.clip(row, 0, shape[0] - 1).astype(jnp.int32),
        jnp.clip(col, 0, shape[1] - 1).astype(jnp.int32),
    )

    total = ISOLATED + CORNERS + ROW
    kind = jnp.repeat(
        jnp.arange(3), jnp.array([ISOLATED, CORNERS, ROW]), total_repeat_length=total
    )
    density = fields.uniform(keys[4], 0.0, 1.0, (3,)) ** 2
    has_row = jax.random.bernoulli(keys[5], 0.15)
    town_here = town.mask[nearest] > 0
    allowed = jnp.where(kind == 1, town_here, jnp.where(kind == 2, has_row, True))
    chosen = jax.random.bernoulli(keys[6], density[kind]) | (kind == 2)
    # 8 to 35 dB over the ground around it, or over the scene's mean.
    over = fields.uniform(keys[7], 8.0, 35.0, (total,))
    row_level = fields.uniform(keys[8], 8.0, 30.0)
    over = jnp.where(kind == 2, row_level, over)
    ground = jnp.where(over > 20, power.mean(), power[nearest])
    amplitude = radiometry.amplitude(ground) * radiometry.amplitude_from_decibel(over)
    angle = fields.uniform(keys[9], -jnp.pi, jnp.pi, (total,))
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
    keys = jax.random.split(key, 12)
    decibel = jax.lax.cond(
        jax.random.bernoulli(keys[0], 0.55),
        lambda k: landcover.parcels(k, shape),
        lambda k: landcover.leaves(k, shape),
        keys[1],
    )
    decibel *= jax.random.bernoulli(keys[2], 0.9)  # Some scenes are flat.
    decibel += _sometimes(keys[3], 0.6, lambda k: landcover.texture(k, shape))
    for line_key in keys[4:7]:
        decibel += _sometimes(line_key, 0.35, lambda k: landcover.line(k, shape))
    town = _sometimes(keys[7], 0.3, lambda k: landcover.town(k, shape, CORNERS))
    decibel += town.mask * (town.level - decibel)
    water = _sometimes(keys[8], 0.25, lambda k: landcover.water(k, shape))
    decibel += water.mask * (water.level - decibel)

    ground = radiometry.from_decibel(decibel)
    bumps = _sometimes(keys[9], 0.3, lambda k: relief.terrain(k, shape))
    ground = jax.lax.cond(
        jnp.any(bumps.height != 0),
        lambda: relief.project(
            ground, bumps.height * (1 - water.mask), bumps.incidence
        ),
        lambda: ground,
    )
    # Calibrated backscatter lies between calm water and a city.
    mean = radiometry.from_decibel(fields.uniform(keys[10], -22.0, 0.0))
    ground *= mean / ground.mean()
    return Scene(ground, _points(keys[11], ground, town))


def observe(
    key: jax.Array, size: int, white: jax.Array | bool, looks: jax.Array | int = 1
) -> speckle.Observation:
    """Draws a scene, a transfer function and speckle.

    Args:
        key: PRNG key; equal keys give equal observations.
        size: Pixels of the square result.
        white: True for independent samples, False for a random transfer function.
        looks: Independent looks to average; over 1 the phase is zero.

    Returns:
        An Observation of [size, size] images.
    """
    ground, sensor, noise = jax.random.split(key, 3)
    shape = (size + 2 * speckle.MARGIN,) * 2
    scene = draw(ground, shape)
    transfer = speckle.draw_transfer(sensor, shape, white)
    images = speckle.observe(noise, scene.reflectivity, scene.points, transfer, looks)
    return speckle.Observation(
        *(speckle.crop(image) for image in images),
        looks=jnp.asarray(looks, jnp.int32),
        white=jnp.asarray(white, bool),
    )
