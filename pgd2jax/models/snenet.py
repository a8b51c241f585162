"""SNENet, the speckle noise estimation subnetwork."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import blocks


class SNENet(nn.Module):
    """Estimates the speckle from intensity and phase (Guan et al., 2024, SNENet).

    Not in the paper: depth, width, residual blocks at half resolution and sub-looks.

    Attributes:
        features: C, channels at half resolution.
        depth: Residual blocks.
        sub_looks: Complex filters on the samples.
        sub_look_size: Their rows and columns, odd.
        dtype: Of the computation.
    """

    features: int
    depth: int
    sub_looks: int
    sub_look_size: int
    dtype: str = "float32"

    @nn.compact
    def __call__(
        self,
        log_intensity: jax.Array,
        slc: jax.Array | None,
        has_phase: jax.Array | None,
    ) -> tuple[jax.Array, jax.Array]:
        """Returns the log of the speckle and the features it came from.

        Args:
            log_intensity: [B, H, W, 1] float32; H and W are even.
            slc: Complex samples, [B, H, W, 1] complex64; None where no example of
                the batch has a phase.
            has_phase: [B] bool, false where the phase means nothing; None for all
                true.

        Returns:
            Log speckle, [B, H, W, 1] float32, and features, [B, H/2, W/2, C].
        """
        if slc is None:
            present = jnp.zeros_like(log_intensity)
            looks = jnp.zeros((*log_intensity.shape[:3], self.sub_looks), jnp.float32)
        else:
            present = jnp.ones_like(log_intensity)
            if has_phase is not None:
                present = present * has_phase[:, None, None, None]
            looks = blocks.SubLooks(
                self.sub_looks, self.sub_look_size, name="sub_looks"
            )(slc)
            # Relative to the full band, so that zero says: nothing known.
            looks = (looks - log_intensity) * present
        x = jnp.concatenate([log_intensity, present, looks], axis=-1)
        x = blocks.space_to_depth(x.astype(self.dtype))
        x = nn.Conv(self.features, (3, 3), dtype=self.dtype, name="stem")(x)
        for index in range(self.depth):
            x = blocks.ResidualBlock(self.features, self.dtype, name=f"block_{index}")(
                x
            )
        return blocks.Head(self.dtype, name="head")(x), x
