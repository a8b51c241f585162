"""Fresh speckle over a clean reference."""

import jax
import jax.numpy as jnp

from pgd2jax.sar import radiometry, speckle

# A pixel of over 6 dB above the ring around it is a persistent scatterer.
CONTRAST = 4.0


def _box(image: jax.Array, half: int) -> jax.Array:
    """Returns the sum over (2 half + 1)^2 pixels, borders mirrored."""
    padded = jnp.pad(image, half, mode="reflect")
    size = 2 * half + 1
    return jax.lax.reduce_window(
        padded, 0.0, jax.lax.add, (size, size), (1, 1), "VALID"
    )


def observe(
    key: jax.Array,
    reference: jax.Array,
    white: jax.Array | bool,
    looks: jax.Array | float,
) -> speckle.Observation:
    """Draws a transfer function and speckle over a reference; see `draw`.

    Args:
        key: PRNG key.
        reference: [H, W] float32 linear power, positive.
        white: True for independent samples.
        looks: Equivalent number of looks.

    Returns:
        An Observation of [H, W] images.
    """
    sensor, noise = jax.random.split(key)
    image = jnp.pad(reference, speckle.MARGIN, mode="reflect")
    transfer = speckle.draw_transfer(sensor, image.shape, white)
    return draw(noise, image, transfer, looks)._replace(white=jnp.asarray(white, bool))


def draw(
    key: jax.Array,
    image: jax.Array,
    transfer: speckle.Transfer,
    looks: jax.Array | float = 1,
) -> speckle.Observation:
    """Draws speckle over a reference.

    Persistent scatterers keep their intensity and get a random phase. The reference
    is blurred once more, by the impulse response.

    Args:
        key: PRNG key.
        image: The reference and `speckle.MARGIN` pixels around it, float32 linear
            power, positive.
        transfer: Of the shape of `image`.
        looks: Equivalent number of looks.

    Returns:
        An Observation of the image without its margin.
    """
    noise, turn = jax.random.split(key)
    ring = (_box(image, 5) - _box(image, 2)) / (11**2 - 5**2)
    # The ring is a difference of sums: beside a very bright point it may round to 0.
    ring = jnp.maximum(ring, image.min())
    bright = image > CONTRAST * ring
    background = jnp.where(bright, ring, image)
    # The new impulse response draws a point's flanks again; keep its peak alone.
    highest = jax.lax.reduce_window(
        image, -jnp.inf, jax.lax.max, (3, 3), (1, 1), "SAME"
    )
    peak = bright & (image >= highest)
    angle = jax.random.uniform(turn, image.shape, minval=-jnp.pi, maxval=jnp.pi)
    points = radiometry.slc(jnp.where(peak, image - ring, 0.0), angle)

    focused = speckle.refocus(points, transfer)
    images = speckle.observe(noise, background, focused, transfer, looks)
    return speckle.observed(images, transfer, looks)
