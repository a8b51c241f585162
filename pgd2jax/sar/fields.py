"""Random fields and shapes that scenes are made of; JAX, one image at a time."""

import jax
import jax.numpy as jnp


def uniform(key: jax.Array, *ranges: tuple[float, float], shape=()) -> jax.Array:
    """Draws evenly between the two numbers of each range, all in one call.

    Returns:
        [len(ranges), *shape] float32, to be unpacked.
    """
    low, high = jnp.array(ranges, jnp.float32).T.reshape(2, -1, *(1 for _ in shape))
    part = jax.random.uniform(key, (len(ranges), *shape))
    return low + (high - low) * part


def grid(shape: tuple[int, int]) -> tuple[jax.Array, jax.Array]:
    """Returns row and column numbers, [H, 1] and [1, W] float32."""
    row = jnp.arange(shape[0], dtype=jnp.float32)[:, None]
    col = jnp.arange(shape[1], dtype=jnp.float32)[None, :]
    return row, col


def power_law(
    key: jax.Array, shape: tuple[int, int], exponent: jax.Array | float
) -> jax.Array:
    """Draws two independent Gaussian fields with a power-law spectrum.

    Args:
        key: PRNG key.
        shape: (rows, cols).
        exponent: The power spectrum falls with frequency to this power: 2 is rough
            as vegetation, 4 smooth as hills, 6 smoother still.

    Returns:
        [2, H, W] float32 of mean 0 and standard deviation 1; periodic.
    """
    row = jnp.fft.fftfreq(shape[0])[:, None]
    col = jnp.fft.fftfreq(shape[1])[None, :]
    square = row**2 + col**2
    gain = jnp.where(square > 0, jnp.maximum(square, 1e-8) ** (-exponent / 4), 0.0)
    noise = jax.random.normal(key, (2, *shape), dtype=jnp.float32)
    field = jnp.fft.ifft2(gain * jax.lax.complex(noise[0], noise[1]))
    pair = jnp.stack([field.real, field.imag])
    return pair / jnp.std(pair, axis=(1, 2), keepdims=True)


def ribbon(field: jax.Array, width: jax.Array | float) -> jax.Array:
    """Returns a soft mask of the band `width` pixels wide along the field's zeros.

    The distance to the zero contour is |f| / |grad f| to first order.
    """
    slope_row, slope_col = jnp.gradient(field)
    slope = jnp.sqrt(slope_row**2 + slope_col**2) + 1e-3 * jnp.std(field)
    return jnp.clip(width / 2 - jnp.abs(field) / slope + 0.5, 0.0, 1.0)


def rotated(
    shape: tuple[int, int], center: jax.Array, angle: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns coordinates along and across a direction, [H, W] each, in pixels.

    Args:
        shape: (rows, cols).
        center: Origin as (row, col), [2].
        angle: Direction in radians.
    """
    row, col = grid(shape)
    row, col = row - center[0], col - center[1]
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return row * cosine + col * sine, col * cosine - row * sine
