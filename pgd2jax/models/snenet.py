"""SNENet, the speckle noise estimation subnetwork."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import blocks
from pgd2jax.sar import radiometry


class SNENet(nn.Module):
    """Estimates the speckle from intensity and phase (Guan et al., 2024, SNENet).

    Not in the paper: depth, width, residual blocks at half resolution and sub-looks.

    Attributes:
        features: C, channels at half resolution.
        depth: Residual blocks.
        sub_looks: Complex filters on the samples; 0 for none beside white samples.
        sub_look_size: Their rows and columns, even.
        phase_as: How the phase goes in, as "white_samples", as "whitened" sub-looks, as
            "sub_looks", or as "angle", its cosine and sine; "none" if it never does.
        dtype: Of the computation.
        remat: Compute blocks again in the backward pass, to save memory.
    """

    features: int
    depth: int
    sub_looks: int
    sub_look_size: int
    phase_as: str
    dtype: str = "float32"
    remat: bool = False

    @nn.compact
    def __call__(
        self,
        log_intensity: jax.Array,
        slc: jax.Array | None,
        has_phase: jax.Array,
        context: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        """Returns the log of the speckle and the features it came from.

        Args:
            log_intensity: [B, H, W, 1] float32; H and W are even.
            slc: Complex samples, [B, H, W, 1] complex64, white if they are to be; None
                where no example of the batch has a phase.
            has_phase: [B] bool, false where the phase means nothing.
            context: What is known of the image, [B, K] float32.

        Returns:
            Log speckle, [B, H, W, 1] float32, and features, [B, H/2, W/2, C].
        """
        x = blocks.space_to_depth(log_intensity)
        angle = self.phase_as == "angle"
        if self.phase_as == "none" or not self.sub_looks:
            seen = x[..., :0]
        elif slc is None:
            channels = 8 if angle else self.sub_looks + 1
            seen = jnp.zeros((*x.shape[:3], channels), jnp.float32)
        elif angle:
            seen = blocks.space_to_depth(blocks.direction(slc))
        else:
            whiten = self.phase_as == "whitened"
            seen = blocks.SubLooks(
                self.sub_looks, self.sub_look_size, whiten, name="sub_looks"
            )(slc)
        known = has_phase[:, None, None, None]
        seen = jnp.where(known, seen, 0.0)
        if self.phase_as == "white_samples":
            white = log_intensity  # Stands in for what is not there.
            if slc is not None:
                power = radiometry.log_intensity(radiometry.intensity(slc))
                white = jnp.where(known, power, white)
            seen = jnp.concatenate([seen, blocks.space_to_depth(white)], axis=-1)
        x = jnp.concatenate([x, seen], axis=-1).astype(self.dtype)
        x = nn.Conv(self.features, (3, 3), dtype=self.dtype, name="stem")(x)
        x = blocks.Context(self.dtype, name="context")(x, context)
        block = blocks.residual_block(self.remat)
        for index in range(self.depth):
            x = block(self.features, self.dtype, name=f"block_{index}")(x)
        return blocks.Head(self.dtype, name="head")(x), x
