"""Ways for one branch to learn from the other, by the name in `config.model.exchange`.

All take and return features of one shape and add what was found to the branch that
asks. `docs/ablations.md` compares them.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import attention, blocks


class Gate(nn.Module):
    """Attention without distance: the guide weighs each pixel and channel of `x`.

    Attributes:
        features: C, the channels of both branches.
        dtype: Of the computation.
    """

    features: int
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for `x` and `guide` of that shape."""
        both = jnp.concatenate([x, guide], axis=-1)
        weight = nn.Dense(self.features, dtype=self.dtype, name="weight")(both)
        value = nn.Dense(self.features, dtype=self.dtype, name="value")(x)
        found = nn.sigmoid(weight) * value
        return x + nn.Dense(
            self.features, dtype=self.dtype, kernel_init=blocks.SMALL, name="out"
        )(found)


class Fusion(nn.Module):
    """No attention: a 1 x 1 convolution of both branches, to compare with.

    Attributes:
        features: C, the channels of both branches.
        dtype: Of the computation.
    """

    features: int
    dtype: str = "float32"

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for `x` and `guide` of that shape."""
        both = jnp.concatenate([x, guide], axis=-1)
        return x + nn.Dense(
            self.features, dtype=self.dtype, kernel_init=blocks.SMALL, name="out"
        )(both)


EXCHANGES = ("windows", "overlapping", "gate", "fusion")


def _margin(exchange: str, window: int) -> int:
    return window // 2 if exchange == "overlapping" else 0


def reach(exchange: str, window: int) -> int:
    """Returns how many cells to one side a cell of the branch that asks can see."""
    if exchange in ("gate", "fusion"):
        return 0
    return window - 1 + _margin(exchange, window)


def create(
    exchange: str, *, features: int, heads: int, window: int, dtype: str, name: str
) -> nn.Module:
    """Returns the module (x, guide) -> x.

    Args:
        exchange: One of `EXCHANGES`.
        features: Channels of both branches.
        heads: Of an attention in windows; others have none.
        window: Rows and columns of an attention window; others have none.
        dtype: Of the computation.
        name: Of the module.

    Raises:
        ValueError: if there is no such exchange.
    """
    if exchange not in EXCHANGES:
        raise ValueError(f"{exchange=} must be one of {', '.join(EXCHANGES)}.")
    if exchange == "gate":
        return Gate(features, dtype, name=name)
    if exchange == "fusion":
        return Fusion(features, dtype, name=name)
    return attention.CrossAttention(
        features, heads, window, _margin(exchange, window), dtype, name=name
    )
