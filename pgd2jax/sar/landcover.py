"""Land cover for simulated scenes: fields, leaves, lines, water and towns.

Levels are in decibels. Each function draws one layer from a PRNG key; `scenes`
stacks them.
"""

import math
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
    bends, numbers, cells, normal = jax.random.split(key, 4)
    bending, crowd, stretch, spread = fields.uniform(
        numbers, (0.0, 0.08), (2.0, PARCELS + 1.0), (-1.0, 1.0), (1.0, 6.0)
    )
    bend = fields.power_law(bends, shape, 5.0) * bending * shape[0]
    row, col = fields.grid(shape)
    row, col = row + bend[0], col + bend[1]
    aspect = jnp.exp(stretch)  # Long strips as well as squares.
    seed_row, seed_col, angle, depth, period = fields.uniform(
        cells,
        (0.0, shape[0]),
        (0.0, shape[1]),
        (0.0, jnp.pi),
        (-1.5, 1.5),  # dB of the furrows; none below 0.
        (4.0, 10.0),  # Pixels.
        shape=(PARCELS,),
    )
    level = spread * jax.random.normal(normal, (PARCELS,))

    def nearest(index, best):
        distance, cell = best
        here = (row - seed_row[index]) ** 2 + ((col - seed_col[index]) * aspect) ** 2
        here = jnp.where(index < crowd, here, jnp.inf)
        closer = here < distance
        return jnp.where(closer, here, distance), jnp.where(closer, index, cell)

    start = (jnp.full(shape, jnp.inf), jnp.zeros(shape, jnp.int32))
    cell = jax.lax.fori_loop(0, PARCELS, nearest, start)[1]
    waves = jnp.stack([jnp.cos(angle), jnp.sin(angle)]) * (2 * jnp.pi / period)
    along = row * waves[0][cell] + col * waves[1][cell]
    return level[cell] + jnp.maximum(depth, 0.0)[cell] * jnp.sin(along)


def leaves(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws overlapping ellipses and rectangles of all sizes; [H, W] dB.

    The dead-leaves model (Lee, Mumford, Huang, IJCV 2001) has the edges and the
    scale statistics of photographs.
    """
    numbers, places, normal = jax.random.split(key, 3)
    (spread,) = fields.uniform(numbers, (1.5, 7.0))
    row, col, log_radius, stretch, angle, kind, tilt = fields.uniform(
        places,
        (0.0, shape[0]),
        (0.0, shape[1]),
        (0.7, math.log(shape[0] / 4)),  # From 2 pixels to a quarter of the scene.
        (-1.2, 1.2),
        (0.0, jnp.pi),
        (0.0, 1.0),
        (-2.0, 2.0),  # dB from the middle to the edge.
        shape=(LEAVES,),
    )
    radius = jnp.exp(jnp.sort(log_radius)[::-1])  # Small leaves lie on top.
    aspect = jnp.exp(stretch)
    boxy = kind < 0.4
    level = spread * jax.random.normal(normal, (LEAVES,))

    def drop(index, image):
        along, across = fields.rotated(shape, (row[index], col[index]), angle[index])
        along = along / (radius[index] * aspect[index])
        across = across * aspect[index] / radius[index]
        box = jnp.maximum(jnp.abs(along), jnp.abs(across))
        inside = jnp.where(boxy[index], box, along**2 + across**2) < 1
        return jnp.where(inside, level[index] + tilt[index] * along, image)

    return jax.lax.fori_loop(0, LEAVES, drop, jnp.zeros(shape))


def texture(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws a power-law texture that comes and goes; [H, W] dB."""
    numbers, noise = jax.random.split(key)
    exponent, strength = fields.uniform(numbers, (1.5, 4.0), (0.0, 4.0))
    rough, patches = fields.power_law(noise, shape, exponent)
    return strength * jnp.clip(patches + 0.5, 0.0, 1.5) * rough


def line(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Draws one road, dyke or river: straight to winding, dark or bright; [H, W] dB."""
    numbers, noise = jax.random.split(key)
    row, col, angle, winding, width, level = fields.uniform(
        numbers,
        (0.2 * shape[0], 0.8 * shape[0]),
        (0.2 * shape[1], 0.8 * shape[1]),
        (0.0, 2 * jnp.pi),
        (0.0, 1.0),
        (0.0, 2.5),  # Log of 1 to 12 pixels.
        (-14.0, 5.0),
    )
    _, across = fields.rotated(shape, (row, col), angle)
    bend = 0.15 * shape[0] * winding**2 * fields.power_law(noise, shape, 5.0)[0]
    return level * fields.ribbon(across + bend, jnp.exp(width))


class Water(NamedTuple):
    """A sea or lake.

    Attributes:
        mask: 1 on water, [H, W].
        level: Calm to rough water with swell, [H, W] dB.
    """

    mask: jax.Array
    level: jax.Array


def water(key: jax.Array, shape: tuple[int, int]) -> Water:
    """Draws water behind a winding coast, smooth or with waves and patches of wind."""
    numbers, noise = jax.random.split(key)
    row, col, angle, ragged, period, swell, level = fields.uniform(
        numbers,
        (0.0, shape[0]),
        (0.0, shape[1]),
        (0.0, 2 * jnp.pi),
        (0.0, 0.15),
        (6.0, 40.0),  # Pixels.
        (-1.2, 1.2),  # None below 0.
        (-24.0, -7.0),
    )
    along, across = fields.rotated(shape, (row, col), angle)
    coast, patches = fields.power_law(noise, shape, 3.6)
    mask = jnp.clip(across + ragged * shape[0] * coast + 0.5, 0.0, 1.0)
    wave = swell * jnp.sin(2 * jnp.pi * along / period)
    return Water(mask, level + jnp.where(swell > 0, wave + 0.7 * patches, 0.0))


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
    numbers, noise, houses, wheres = jax.random.split(key, 4)
    row, col, angle, extent, log_u, log_v, street = fields.uniform(
        numbers,
        (0.1 * shape[0], 0.9 * shape[0]),
        (0.1 * shape[1], 0.9 * shape[1]),
        (0.0, jnp.pi),
        (0.1 * shape[0], 0.4 * shape[0]),
        (1.4, 3.1),  # Log of 4 to 22 pixels.
        (1.4, 3.1),
        (0.1, 0.3),
    )
    along, across = fields.rotated(shape, (row, col), angle)
    edge = jnp.sqrt(along**2 + across**2)
    edge = edge + 0.3 * extent * fields.power_law(noise, shape, 4.0)[0]
    mask = jnp.clip(extent - edge, 0.0, 1.0)

    block = jnp.exp(jnp.stack([log_u, log_v]))
    roofs, walls = fields.uniform(
        houses, (-6.0, 9.0), (4.0, 18.0), shape=(BUILDINGS, BUILDINGS)
    )
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
    where = fields.uniform(wheres, (-1.0, 1.0), (-1.0, 1.0), shape=(corners,))
    where = (jnp.round(where * spread) + street) * block[:, None]
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return Town(
        mask=mask,
        level=level,
        corner_row=row + where[0] * cosine - where[1] * sine,
        corner_col=col + where[0] * sine + where[1] * cosine,
    )
