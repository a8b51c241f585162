"""SAR-CAM, an encoder and decoder with attention modules.

Ko and Lee, "SAR image despeckling using continuous attention module", IEEE J-STARS 15,
2022: 128 channels, most layers at half resolution.
"""

from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import Estimate, blocks
from pgd2jax.sar import radiometry

CHANNELS = 128


def conv(channels, size, dtype, name, dilation=1):
    """Returns a convolution of `size` x `size`."""
    return nn.Conv(
        channels, (size, size), kernel_dilation=dilation, dtype=dtype, name=name
    )


class Squeeze(nn.Module):
    """Weighs channels by what a small network makes of their mean, or mean and peak."""

    dtype: str
    peak: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns `x`, [B, H, W, C], weighed."""
        shrink = conv(CHANNELS // 4, 1, self.dtype, "shrink")
        grow = conv(CHANNELS, 1, self.dtype, "grow")

        def weight(pooled):
            return grow(nn.leaky_relu(shrink(pooled), 0.2))

        total = weight(x.mean(axis=(1, 2), keepdims=True))
        if self.peak:
            total = total + weight(x.max(axis=(1, 2), keepdims=True))
        return x * nn.sigmoid(total)


class ChannelBlock(nn.Module):
    """A dilated convolution with channel attention beside an identity."""

    dtype: str
    dilation: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for `x` of that shape."""
        y = conv(CHANNELS, 3, self.dtype, "conv", self.dilation)(x)
        return x + Squeeze(self.dtype, name="attention")(nn.leaky_relu(y, 0.2))


class Group(nn.Module):
    """Three channel blocks and a convolution beside an identity."""

    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Returns [B, H, W, C] for `x` of that shape."""
        y = x
        for index in range(3):
            y = ChannelBlock(self.dtype, name=f"block_{index}")(y)
        return x + conv(CHANNELS, 3, self.dtype, "last")(y)


class SarCam(nn.Module):
    """Context block, three groups and a block with channel and spatial attention."""

    dtype: str = "float32"
    stride: int = 2
    reach: int = 256  # Channel attention sees the whole image.
    features: ClassVar[int] = CHANNELS
    whitens: ClassVar[bool] = False

    @nn.compact
    def __call__(self, intensity, *_, **__) -> Estimate:  # As PGD2Net, but blind.
        """Returns the estimate for [B, H, W, 1] linear power; H and W are even."""
        dtype = self.dtype
        log_intensity = radiometry.log_intensity(intensity)
        fine = conv(CHANNELS, 3, dtype, "first")(log_intensity.astype(dtype))
        x = nn.max_pool(fine, (2, 2), (2, 2))

        y = conv(CHANNELS, 3, dtype, "context_first")(x)
        scales = [
            ChannelBlock(dtype, dilation, name=f"context_{dilation}")(y)
            for dilation in (1, 2, 3, 4)
        ]
        y = conv(CHANNELS, 1, dtype, "context_last")(jnp.concatenate(scales, axis=-1))
        x = x + y

        groups = []
        for index in range(3):
            x = Group(dtype, name=f"group_{index}")(x)
            groups.append(x)
        x = conv(CHANNELS, 3, dtype, "join")(sum(groups))
        y = conv(CHANNELS, 3, dtype, "attention_first")(x)
        y = Squeeze(dtype, peak=True, name="channels")(y)
        seen = [f(y, axis=-1, keepdims=True) for f in (jnp.mean, jnp.max)]
        place = conv(1, 7, dtype, "places")(jnp.concatenate(seen, axis=-1))
        x = conv(CHANNELS, 3, dtype, "attention_last")(x + y * nn.sigmoid(place))

        x = blocks.depth_to_space(jnp.concatenate([*groups, x], axis=-1))
        x = nn.leaky_relu(conv(CHANNELS, 3, dtype, "fine")(x), 0.2)
        x = conv(CHANNELS, 1, dtype, "merge")(jnp.concatenate([x, fine], axis=-1))
        change = nn.Conv(1, (3, 3), kernel_init=nn.initializers.zeros, name="last")(
            x.astype(jnp.float32)
        )
        return Estimate(log_intensity + change, -change)
