"""Side-looking geometry: foreshortening, layover and shadow of a hilly scene."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import fields

SHADOW = 0.004  # Power left in shadow, relative to flat ground: -24 dB.


class Terrain(NamedTuple):
    """Hills and the direction they are seen from.

    Attributes:
        height: [H, W], in pixels.
        incidence: Angle on flat ground, radians.
    """

    height: jax.Array
    incidence: jax.Array


def terrain(key: jax.Array, shape: tuple[int, int]) -> Terrain:
    """Draws gentle to steep hills, periodic along columns."""
    numbers, noise = jax.random.split(key)
    exponent, slope, incidence = fields.uniform(
        numbers,
        (3.2, 4.2),
        (0.05, 0.35),  # Root mean square along range.
        (25.0, 45.0),
    )
    height = fields.power_law(noise, shape, exponent)[0]
    height *= slope / jnp.std(jnp.diff(height, axis=1))
    return Terrain(height, jnp.deg2rad(incidence))


def project(ground: jax.Array, height: jax.Array, incidence: jax.Array) -> jax.Array:
    """Maps ground reflectivity to the radar's range geometry.

    The sensor looks along rising columns. A sample of height h moves h / tan(angle)
    pixels towards the sensor; its power follows the lit area of its facet (area times
    the squared cosine of the local incidence, a Lambert surface), several samples
    that meet in one range cell add up (layover), and those behind the horizon of a
    nearer one keep `SHADOW`.

    Args:
        ground: Reflectivity on the ground grid, [H, W], linear power.
        height: Terrain, [H, W], in pixels; periodic along columns.
        incidence: Angle of flat ground, radians.

    Returns:
        Reflectivity in range geometry, [H, W]; on flat ground `ground` blurred by
        (1, 6, 1) / 8 along columns.
    """
    rows, cols = ground.shape
    # Two samples a pixel leave no hole where a back slope stretches.
    fine = jnp.arange(2 * cols, dtype=jnp.float32) / 2
    nearer = fine.astype(jnp.int32)
    farther = (nearer + 1) % cols
    part = fine % 1.0

    def between(image):
        return image[:, nearer] * (1 - part) + image[:, farther] * part

    level, brightness = between(height), between(ground)
    slope = height[:, farther] - height[:, nearer]

    # Distance across the rays: what lies behind a larger value is in shadow.
    across = fine * jnp.cos(incidence) + level * jnp.sin(incidence)
    # With a tolerance: a compiler may round the two sides differently.
    lit = across >= jax.lax.cummax(across, axis=1) - 1e-3
    local = incidence - jnp.arctan(slope)
    facet = jnp.sqrt(1 + slope**2) * jnp.maximum(jnp.cos(local), 0.0) ** 2
    gain = jnp.where(lit, facet / jnp.cos(incidence) ** 2, SHADOW)

    position = fine - level / jnp.tan(incidence)
    left = jnp.floor(position)
    weight = position - left
    left = left.astype(jnp.int32) % cols
    row = jnp.arange(rows)[:, None]
    energy = 0.5 * brightness * gain
    image = jnp.zeros_like(ground)
    image = image.at[row, left].add(energy * (1 - weight))
    image = image.at[row, (left + 1) % cols].add(energy * weight)
    return jnp.maximum(image, SHADOW * ground.min())
