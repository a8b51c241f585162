"""Cross-attention between the two branches, in windows of a fixed grid."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from pgd2jax.models import blocks


def _relative_index(window: int, margin: int) -> np.ndarray:
    """Returns, for each pixel of a window and each key, the number of their offset."""
    wide = window + 2 * margin
    row, col = np.divmod(np.arange(window * window), window)
    key_row, key_col = np.divmod(np.arange(wide * wide), wide)
    # From the last key seen by the first pixel to the first key seen by the last.
    d_row = row[:, None] - key_row + wide - 1
    d_col = col[:, None] - key_col + wide - 1
    return d_row * (window + wide - 1) + d_col


def _outside(rows: int, cols: int, window: int, margin: int) -> np.ndarray:
    """Returns which keys lie beyond the image, bool, [windows, keys of one]."""

    def along(length):
        place = np.arange(0, length, window)[:, None]
        place = place + np.arange(-margin, window + margin)
        return (place < 0) | (place >= length)

    row, col = along(rows), along(cols)
    beyond = row[:, None, :, None] | col[None, :, None, :]
    return beyond.reshape(row.shape[0] * col.shape[0], -1)


class CrossAttention(nn.Module):
    """One branch asks the other, within windows of the scene's grid.

    Windows of a grid keep the reach finite: a pixel sees its own window and the margin
    around it, and a tile whose origin lies on the grid sees the same windows as the
    scene.

    Not in the paper, which says only "specially designed": windows, the relative
    position bias, and queries and keys of unit length (they keep bfloat16 stable
    without a normalisation of the features).

    Attributes:
        features: C, the channels of both branches.
        heads: Attention heads; divides C.
        window: Rows and columns of a window.
        margin: Rows and columns around a window that answer, too.
        dtype: Of the computation.
    """

    features: int
    heads: int
    window: int
    margin: int = 0
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array) -> jax.Array:
        """Returns `x` with what it found in `guide` added.

        Args:
            x: The branch that asks, [B, H, W, C]; H and W divide by the window.
            guide: The branch that answers, like `x`.

        Returns:
            [B, H, W, C], the dtype of `x`.
        """
        if x.shape != guide.shape:
            raise ValueError(f"{x.shape=} and {guide.shape=} must be equal.")
        batch, rows, cols, channels = x.shape
        size, margin = self.window, self.margin
        if rows % size or cols % size:
            raise ValueError(f"{(rows, cols)=} must divide by {size=}.")
        depth = channels // self.heads

        def split(y, size):
            """Returns [windows, heads, pixels of one, depth]."""
            y = y.reshape(
                batch, rows // self.window, size, cols // self.window, size, -1, depth
            )
            y = y.transpose(0, 1, 3, 5, 2, 4, 6)
            return y.reshape(-1, self.heads, size * size, depth)

        def answers(y):
            if not margin:
                return split(y, size)
            wide = size + 2 * margin
            y = jnp.pad(y, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
            pick = np.arange(wide)
            y = y[:, (np.arange(0, rows, size)[:, None] + pick).ravel()]
            y = y[:, :, (np.arange(0, cols, size)[:, None] + pick).ravel()]
            return split(y, wide)

        def unit(y):
            y = y.astype(jnp.float32)
            norm = jax.lax.rsqrt(jnp.sum(y * y, axis=-1, keepdims=True) + 1e-6)
            return (y * norm).astype(self.dtype)

        def dense(name):
            return nn.Dense(self.features, dtype=self.dtype, name=name)

        query = unit(split(dense("query")(x), size))
        key = unit(answers(dense("key")(guide)))
        value = answers(dense("value")(guide))

        scale = self.param("log_scale", nn.initializers.constant(1.5), (self.heads,))
        span = 2 * (size + margin) - 1
        bias = self.param("bias", nn.initializers.zeros, (span**2, self.heads))
        bias = bias[_relative_index(size, margin)].transpose(2, 0, 1)
        scores = jnp.einsum("bhqd,bhkd->bhqk", query, key).astype(jnp.float32)
        scores = scores * jnp.exp(scale)[:, None, None] + bias
        if margin:
            beyond = np.tile(_outside(rows, cols, size, margin), (batch, 1))
            scores = jnp.where(beyond[:, None, None], -jnp.inf, scores)
        weights = nn.softmax(scores).astype(self.dtype)
        found = jnp.einsum("bhqk,bhkd->bhqd", weights, value)

        found = found.reshape(
            batch, rows // size, cols // size, self.heads, size, size, depth
        )
        found = found.transpose(0, 1, 4, 2, 5, 3, 6).reshape(x.shape)
        return x + nn.Dense(
            self.features,
            dtype=self.dtype,
            kernel_init=blocks.SMALL,
            name="out",
        )(found)
