"""Land cover for simulated scenes: fields, leaves, lines, water and towns.

Levels are in decibels. Each function draws one layer from a PRNG key; `scenes`
stacks them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import fields

PARCELS = 24
LEAVES = 48
BUILDINGS = 32  # The table of building brightnesses repeats after so many blocks.


def parcels(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws farm fields with curved borders, some ploughed in rows; [H, W] dB.

    Voronoi cells of random seeds, their borders bent by a smooth random warp.
    """
    keys = jax.random.split(key, 9)
    bend = fields.power_law(keys[0], shape, 5.0)
    bend = bend * fields.uniform(keys[1], 0.0, 0.08) * shape[0]
    row, col = fields.grid(shape)
    row, col = row + bend[0], col + bend[1]
    count = jax.random.randint(keys[2], (), 2, PARCELS + 1)
    seeds = fields.uniform(keys[3], 0.0, 1.0, (PARCELS, 2)) * jnp.array(shape)
    # Anisotropic cells: long strips as well as squares.
    aspect = jnp.exp(fields.uniform(keys[4], -1.0, 1.0))
    levels = jax.random.normal(keys[5], (PARCELS,)) * fields.uniform(keys[6], 1.0, 6.0)
    angles = fields.uniform(keys[7], 0.0, jnp.pi, (PARCELS,))
    furrow = fields.uniform(keys[8], -1.5, 1.5, (PARCELS, 2))

    def nearest(index, best):
        distance, level = best
        here = (row - seeds[index, 0]) ** 2 + ((col - seeds[index, 1]) * aspect) ** 2
        here = jnp.where(index < count, here, jnp.inf)
        along = row * jnp.cos(angles[index]) + col * jnp.sin(angles[index])
        period = 4.0 + 4.0 * jnp.abs(furrow[index, 1])
        rows = jnp.maximum(furrow[index, 0], 0.0) * jnp.sin(2 * jnp.pi * along / period)
        closer = here < distance
        return (
            jnp.where(closer, here, distance),
            jnp.where(closer, levels[index] + rows, level),
        )

    start = (jnp.full(shape, jnp.inf), jnp.zeros(shape))
    return jax.lax.fori_loop(0, PARCELS, nearest, start)[1]


def leaves(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws overlapping ellipses and rectangles of all sizes; [H, W] dB.

    The dead-leaves model (Lee, Mumford, Huang, IJCV 2001) has the edges and the
    scale statistics of photographs.
    """
    keys = jax.random.split(key, 8)
    center = fields.uniform(keys[0], 0.0, 1.0, (LEAVES, 2)) * jnp.array(shape)
    # Radii from 2 pixels to a quarter of the scene, with density r^-2.
    inverse = fields.uniform(keys[1], 4.0 / shape[0], 0.5, (LEAVES,))
    radius = jnp.sort(1 / inverse)[::-1]  # Small leaves lie on top.
    aspect = jnp.exp(fields.uniform(keys[2], -1.2, 1.2, (LEAVES,)))
    angle = fields.uniform(keys[3], 0.0, jnp.pi, (LEAVES,))
    level = jax.random.normal(keys[4], (LEAVES,)) * fields.uniform(keys[5], 1.5, 7.0)
    boxy = jax.random.bernoulli(keys[6], 0.4, (LEAVES,))
    tilt = fields.uniform(keys[7], -2.0, 2.0, (LEAVES,))

    def drop(index, image):
        along, across = fields.rotated(shape, center[index], angle[index])
        along = along / (radius[index] * aspect[index])
        across = across * aspect[index] / radius[index]
        box = jnp.maximum(jnp.abs(along), jnp.abs(across))
        inside = jnp.where(boxy[index], box, along**2 + across**2) < 1
        return jnp.where(inside, level[index] + tilt[index] * along, image)

    return jax.lax.fori_loop(0, LEAVES, drop, jnp.zeros(shape))


def texture(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws a power-law texture that comes and goes; [H, W] dB."""
    keys = jax.random.split(key, 3)
    rough, patches = fields.power_law(keys[0], shape, fields.uniform(keys[1], 1.0, 3.5))
    patches = jnp.clip(patches + 0.5, 0.0, 1.5)
    return fields.uniform(keys[2], 0.0, 2.0) * patches * rough


def line(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws one road, dyke or river: straight to winding, dark or bright; [H, W] dB."""
    keys = jax.random.split(key, 6)
    center = fields.uniform(keys[0], 0.2, 0.8, (2,)) * jnp.array(shape)
    angle = fields.uniform(keys[1], 0.0, 2 * jnp.pi)
    _, across = fields.rotated(shape, center, angle)
    winding = fields.uniform(keys[2], 0.0, 1.0) ** 2 * 0.15 * shape[0]
    course = across + winding * fields.power_law(keys[3], shape, 5.0)[0]
    width = jnp.exp(fields.uniform(keys[4], 0.0, 2.5))  # 1 to 12 pixels.
    level = fields.uniform(keys[5], -14.0, 5.0)
    return level * fields.ribbon(course, width)


class Water(NamedTuple):
    """A sea or lake.

    Attributes:
        mask: 1 on water, [H, W].
        level: Calm to rough water with swell, [H, W] dB.
    """

    mask: jax.Array
    level: jax.Array


def water(key: jax.Array, shape: tuple[int, int]) -> Water:
    """Draws water behind a winding coast."""
    keys = jax.random.split(key, 7)
    center = fields.uniform(keys[0], 0.0, 1.0, (2,)) * jnp.array(shape)
    angle = fields.uniform(keys[1], 0.0, 2 * jnp.pi)
    along, across = fields.rotated(shape, center, angle)
    rough = fields.power_law(keys[2], shape, 3.6)
    coast = across + fields.uniform(keys[3], 0.0, 0.15) * shape[0] * rough[0]
    mask = jnp.clip(coast + 0.5, 0.0, 1.0)
    period = fields.uniform(keys[4], 6.0, 40.0)
    swell = fields.uniform(keys[5], 0.0, 1.2) * jnp.sin(2 * jnp.pi * along / period)
    level = fields.uniform(keys[6], -24.0, -7.0)
    return Water(mask, level + swell + 0.7 * rough[1])


class Town(NamedTuple):
    """A built-up area.

    Attributes:
        mask: 1 inside of the town, [H, W].
        level: Roofs, streets and walls facing the sensor, [H, W] dB.
        corner_row, corner_col: Corners of buildings, [N] pixels.
    """

    mask: jax.Array
    level: jax.Array
    corner_row: jax.Array
    corner_col: jax.Array


def town(key: jax.Array, shape: tuple[int, int], corners: int) -> Town:
    """Draws blocks of buildings on a turned street grid, with `corners` corners."""
    keys = jax.random.split(key, 9)
    center = fields.uniform(keys[0], 0.1, 0.9, (2,)) * jnp.array(shape)
    angle = fields.uniform(keys[1], 0.0, jnp.pi)
    along, across = fields.rotated(shape, center, angle)
    extent = fields.uniform(keys[2], 0.1, 0.4) * shape[0]
    edge = jnp.sqrt(along**2 + across**2)
    edge = edge + 0.3 * extent * fields.power_law(keys[3], shape, 4.0)[0]
    mask = jnp.clip(extent - edge, 0.0, 1.0)

    block = jnp.exp(fields.uniform(keys[4], 1.4, 3.1, (2,)))  # 4 to 22 pixels.
    roofs = jax.random.normal(keys[5], (BUILDINGS, BUILDINGS)) * 4.0 + 2.0
    walls = fields.uniform(keys[6], 4.0, 18.0, (BUILDINGS, BUILDINGS))
    street = fields.uniform(keys[7], 0.1, 0.3)
    u, v = along / block[0], across / block[1]
    iu, iv = jnp.floor(u), jnp.floor(v)
    cell = (iu.astype(jnp.int32) % BUILDINGS, iv.astype(jnp.int32) % BUILDINGS)
    u, v = u - iu, v - iv
    built = (u > street) & (v > street)
    wall = built & (u < street + 1.5 / block[0])
    shadow = built & (u > 1 - 2.0 / block[0])
    level = jnp.where(built, roofs[cell], -6.0)
    level = jnp.where(shadow, -12.0, level)
    level = jnp.where(wall, walls[cell], level)

    spread = jnp.maximum(extent / block, 1.0)[:, None]
    where = jnp.round(fields.uniform(keys[8], -1.0, 1.0, (2, corners)) * spread)
    where = (where + street) * block[:, None]
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return Town(
        mask=mask,
        level=level,
        corner_row=center[0] + where[0] * cosine - where[1] * sine,
        corner_col=center[1] + where[0] * sine + where[1] * cosine,
    )
