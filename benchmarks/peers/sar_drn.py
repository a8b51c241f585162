"""SAR-DRN, a dilated residual network.

Zhang, Yuan, Li, Yang, Ma, "Learning a dilated residual network for SAR image
despeckling", Remote Sensing 10(2), 2018.
"""

from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp

from pgd2jax.models import Estimate
from pgd2jax.sar import radiometry

CHANNELS = 64
DILATIONS = (1, 2, 3, 4, 3, 2, 1)


class SarDrn(nn.Module):
    """Seven dilated convolutions of 64 channels that estimate the speckle.

    Skips lead from the first layer to the third and from the fourth to the seventh.
    """

    dtype: str = "float32"
    stride: int = 1
    reach: int = sum(DILATIONS)
    features: ClassVar[int] = CHANNELS
    whitens: ClassVar[bool] = False

    @nn.compact
    def __call__(self, intensity, *_, **__) -> Estimate:  # As PGD2Net, but blind.
        """Returns the estimate for [B, H, W, 1] linear power."""
        log_intensity = radiometry.log_intensity(intensity)
        x = log_intensity.astype(self.dtype)
        outputs = []
        for index, dilation in enumerate(DILATIONS[:-1]):
            x = nn.Conv(
                CHANNELS,
                (3, 3),
                kernel_dilation=dilation,
                dtype=self.dtype,
                name=f"{index}",
            )(x)
            x = nn.relu(x)
            if index == 2:
                x = x + outputs[0]
            outputs.append(x)
        x = x + outputs[3]
        log_speckle = nn.Conv(
            1, (3, 3), kernel_init=nn.initializers.zeros, name="last"
        )(x.astype(jnp.float32))
        return Estimate(log_intensity - log_speckle, log_speckle)
