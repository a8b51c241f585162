"""Sets of pixels around every pixel, one bit for each pixel of a window.

A region is a bit map of the window around its centre: a word for each row of the
window, a bit for each column. All images of one call are padded: a region's centre at
(row, col) has its window at rows row to row + 2 half_rows of the padded image.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp

LARGEST = 15  # Half a window: 31 columns fit a word of 32 bits.

Half = tuple[int, int]  # (half_rows, half_cols).


def _word(half: Half) -> jnp.dtype:
    return jnp.uint16 if 2 * half[1] < 16 else jnp.uint32


def _columns(padded: jax.Array, row: int, half: Half) -> list[jax.Array]:
    """Returns the pixels of one row of every window, an image for each column."""
    rows, cols = (n - 2 * h for n, h in zip(padded.shape[-2:], half, strict=True))
    return [
        padded[..., row : row + rows, col : col + cols]
        for col in range(2 * half[1] + 1)
    ]


def select(
    accept: Callable[..., jax.Array],
    neighbours: tuple[jax.Array, ...],
    by_lag: jax.Array,
    half: Half,
) -> jax.Array:
    """Asks for every pixel of every window whether it may belong to the region.

    Args:
        accept: (by_lag, inside, *neighbours) -> bool [H, W], each neighbour image
            shifted by one lag.
        neighbours: Padded images, [H + 2 half_rows, W + 2 half_cols].
        by_lag: A number for every lag, [2 half_rows + 1, 2 half_cols + 1].
        half: (half_rows, half_cols).

    Returns:
        The regions, [2 half_rows + 1, H, W] unsigned words.
    """
    word_type = _word(half)

    def word(row):
        shifted = [_columns(image, row, half) for image in neighbours]
        bits = [
            accept(by_lag[row, col], *images).astype(word_type) << col
            for col, images in enumerate(zip(*shifted, strict=True))
        ]
        return sum(bits[1:], bits[0])

    # Written out: in a loop over rows XLA on the CPU forgoes vector instructions and
    # takes five times as long; so in `total`.
    return jnp.stack([word(row) for row in range(2 * half[0] + 1)])


def centre(half: Half) -> jax.Array:
    """Returns the region that holds its centre alone, [2 half_rows + 1, 1, 1]."""
    rows = jnp.arange(2 * half[0] + 1)[:, None, None]
    return jnp.where(rows == half[0], 1 << half[1], 0).astype(_word(half))


def _fill(seeds: jax.Array, open_: jax.Array, half: Half) -> jax.Array:
    """Spreads bits along a row of open bits, by doubling steps."""
    for shift in (jnp.left_shift, jnp.right_shift):
        way, step = open_, 1
        while step <= 2 * half[1]:
            seeds |= way & shift(seeds, step)
            way &= shift(way, step)
            step *= 2
    return seeds


@functools.partial(jax.jit, static_argnames="half")
def connect(regions: jax.Array, half: Half) -> jax.Array:
    """Keeps the pixels that touch the centre through others, corners included."""

    def sweep(above, rows):
        here, open_ = rows
        reached = here | (open_ & (above | above << 1 | above >> 1))
        reached = _fill(reached, open_, half)
        return reached, reached

    def both(state):
        reached, _ = state
        none = jnp.zeros_like(reached[0])
        _, down = jax.lax.scan(sweep, none, (reached, regions))
        _, up = jax.lax.scan(sweep, none, (down, regions), reverse=True)
        return up, jnp.any(up != reached)

    start = regions & centre(half)
    reached, _ = jax.lax.while_loop(lambda s: s[1], both, (start, jnp.bool_(True)))
    return reached


@functools.partial(jax.jit, static_argnames="half")
def total(regions: jax.Array, padded: jax.Array, half: Half) -> jax.Array:
    """Returns the sum over every region.

    Args:
        regions: [2 half_rows + 1, H, W].
        padded: [..., H + 2 half_rows, W + 2 half_cols].
        half: (half_rows, half_cols).

    Returns:
        [..., H, W], in the type of `padded`.
    """
    sums = jnp.zeros(padded.shape[:-2] + regions.shape[1:], padded.dtype)
    for row, word in enumerate(regions):
        for col, image in enumerate(_columns(padded, row, half)):
            sums += jnp.where(word & (1 << col), image, 0)
    return sums


def count(regions: jax.Array) -> jax.Array:
    """Returns the number of pixels of every region, [H, W] int32."""
    return jax.lax.population_count(regions).astype(jnp.int32).sum(axis=0)
