"""DBDNet, the dual-branch denoising subnetwork."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import blocks
from pgd2jax.models import exchange as exchanges


class DBDNet(nn.Module):
    """Removes the speckle; two branches ask each other (Guan et al., 2024, DBDNet).

    The intensity branch starts from the image and from the image less SNENet's
    speckle, the noise branch from SNENet's features. Both go from half to quarter
    resolution, exchange there by cross-attention, and meet on the way back.

    Not in the paper: depths, widths, scales and the residual at the end.

    Attributes:
        features: C, channels at half resolution; 2C at quarter resolution.
        depth: Residual blocks a branch at half resolution, at quarter resolution
            (split around the attention), and after the branches met.
        heads: Attention heads.
        window: Rows and columns of an attention window at quarter resolution.
        exchange: How the branches ask each other, one of `exchange.EXCHANGES`.
        dtype: Of the computation.
        remat: Compute blocks again in the backward pass, to save memory.
    """

    features: int
    depth: tuple[int, int, int]
    heads: int
    window: int
    exchange: str
    dtype: str = "float32"
    remat: bool = False

    @nn.compact
    def __call__(
        self,
        log_intensity: jax.Array,
        log_speckle: jax.Array,
        noise: jax.Array,
        context: jax.Array,
    ) -> jax.Array:
        """Returns the clean log-intensity, [B, H, W, 1] float32.

        Args:
            log_intensity: [B, H, W, 1] float32; H and W divide by 4 windows.
            log_speckle: SNENet's estimate, like `log_intensity`.
            noise: SNENet's features, [B, H/2, W/2, C].
            context: What is known of the image, [B, K] float32.
        """
        wide = 2 * self.features
        half, quarter, joint = self.depth

        block = blocks.residual_block(self.remat)

        def residuals(x, features, count, name):
            for index in range(count):
                x = block(features, self.dtype, name=f"{name}_{index}")(x)
            return x

        def coarser(x, name):
            x = blocks.space_to_depth(x)
            return blocks.Pointwise(wide, self.dtype, name=name)(x)

        guess = log_intensity - log_speckle
        clean = jnp.concatenate([log_intensity, guess], axis=-1).astype(self.dtype)
        clean = blocks.space_to_depth(clean)
        clean = nn.Conv(self.features, (3, 3), dtype=self.dtype, name="stem")(clean)
        clean = blocks.Context(self.dtype, name="context")(clean, context)
        clean = residuals(clean, self.features, half, "clean_half")
        noise = residuals(noise, self.features, half, "noise_half")

        deep_clean, deep_noise = (
            coarser(clean, "clean_down"),
            coarser(noise, "noise_down"),
        )
        before = quarter // 2
        deep_clean = residuals(deep_clean, wide, before, "clean_before")
        deep_noise = residuals(deep_noise, wide, before, "noise_before")

        def ask(name):
            return exchanges.create(
                self.exchange,
                features=wide,
                heads=self.heads,
                window=self.window,
                dtype=self.dtype,
                name=name,
            )

        deep_clean, deep_noise = (
            ask("clean_asks_noise")(deep_clean, deep_noise),
            ask("noise_asks_clean")(deep_noise, deep_clean),
        )
        deep_clean = residuals(deep_clean, wide, quarter - before, "clean_after")
        deep_noise = residuals(deep_noise, wide, quarter - before, "noise_after")

        deep = jnp.concatenate([deep_clean, deep_noise], axis=-1)
        deep = blocks.Pointwise(4 * self.features, self.dtype, name="up")(deep)
        x = jnp.concatenate([blocks.depth_to_space(deep), clean, noise], axis=-1)
        x = blocks.Pointwise(self.features, self.dtype, name="join")(x)
        x = residuals(x, self.features, joint, "joint")
        return guess + blocks.Head(self.dtype, name="head")(x)
