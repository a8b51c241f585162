"""Cross-attention between the two branches, in windows of a fixed grid."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np


def _relative_index(window: int) -> np.ndarray:
    """Returns, for each pair of pixels of a window, the number of their offset."""
    row, col = np.divmod(np.arange(window * window), window)
    span = 2 * window - 1
    d_row = row[:, None] - row + window - 1
    d_col = col[:, None] - col + window - 1
    return d_row * span + d_col


class CrossAttention(nn.Module):
    """One branch asks the other, within windows of the scene's grid.

    Windows that do not overlap keep the reach finite: a pixel sees its own window,
    and a tile whose origin lies on the grid sees the same windows as the scene.

    Not in the paper, which says only "specially designed": windows, the relative
    position bias, and queries and keys of unit length (they keep bfloat16 stable
    without a normalisation of the features).

    Attributes:
        features: C, the channels of both branches.
        heads: Attention heads; divides C.
        window: Rows and columns of a window.
        dtype: Of the computation.
    """

    features: int
    heads: int
    window: int
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
        size = self.window
        if rows % size or cols % size:
            raise ValueError(f"{(rows, cols)=} must divide by {size=}.")
        depth = channels // self.heads

        def windows(y):
            y = y.reshape(
                batch, rows // size, size, cols // size, size, self.heads, depth
            )
            y = y.transpose(0, 1, 3, 5, 2, 4, 6)
            return y.reshape(-1, self.heads, size * size, depth)

        def unit(y):
            y = y.astype(jnp.float32)
            norm = jax.lax.rsqrt(jnp.sum(y * y, axis=-1, keepdims=True) + 1e-6)
            return (y * norm).astype(self.dtype)

        def dense(name):
            return nn.Dense(self.features, dtype=self.dtype, name=name)

        query = unit(windows(dense("query")(x)))
        key = unit(windows(dense("key")(guide)))
        value = windows(dense("value")(guide))

        scale = self.param("log_scale", nn.initializers.constant(1.5), (self.heads,))
        bias = self.param(
            "bias", nn.initializers.zeros, ((2 * size - 1) ** 2, self.heads)
        )
        bias = bias[_relative_index(size)].transpose(2, 0, 1)
        scores = jnp.einsum("bhqd,bhkd->bhqk", query, key).astype(jnp.float32)
        scores = scores * jnp.exp(scale)[:, None, None] + bias
        weights = nn.softmax(scores).astype(self.dtype)
        found = jnp.einsum("bhqk,bhkd->bhqd", weights, value)

        found = found.reshape(
            batch, rows // size, cols // size, self.heads, size, size, depth
        )
        found = found.transpose(0, 1, 4, 2, 5, 3, 6).reshape(x.shape)
        return x + nn.Dense(
            self.features,
            dtype=self.dtype,
            kernel_init=nn.initializers.variance_scaling(0.1, "fan_in", "normal"),
            name="out",
        )(found)
