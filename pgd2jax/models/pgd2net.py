"""PGD2Net: SNENet and DBDNet in one."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from pgd2jax.models import blocks, dbdnet, snenet
from pgd2jax.models import exchange as exchanges
from pgd2jax.sar import radiometry, whitening

PHASE_AS = ("white_samples", "whitened", "sub_looks", "angle", "none")


class Estimate(NamedTuple):
    """What the network says of an image, [B, H, W, 1] float32 each.

    Attributes:
        log_intensity: Natural log of the clean intensity.
        log_speckle: Natural log of the speckle, intensity over clean intensity.
    """

    log_intensity: jax.Array
    log_speckle: jax.Array

    @property
    def intensity(self) -> jax.Array:
        """The clean intensity, linear power."""
        return radiometry.intensity_from_log(self.log_intensity)


class PGD2Net(nn.Module):
    """Phase-guided deep despeckling (Guan et al., J-STARS 2024).

    Give it images of typical power 1: divide by the geometric mean, and multiply the
    result by it. `pgd2jax.load` does so, for images of any size.

    Attributes:
        features: Channels at half resolution.
        estimate_depth: Residual blocks of SNENet.
        denoise_depth: Residual blocks of DBDNet: a branch at half resolution, at
            quarter resolution, and after the branches met.
        sub_looks: Complex filters on the samples; 0 for none beside white samples.
        sub_look_size: Their rows and columns, even.
        phase_as: How the phase goes in, one of `PHASE_AS`: as "white_samples", their
            power and sub-looks; as sub-looks that are "whitened" afterwards, or not
            at all, "sub_looks"; as "angle", its cosine and sine; or "none".
        heads: Attention heads.
        window: Rows and columns of an attention window, at quarter resolution.
        exchange: How the branches ask each other, one of `exchange.EXCHANGES`.
        dtype: Of the computation, "float32" or "bfloat16"; parameters and results
            are float32.
        remat: Compute blocks again in the backward pass: less memory, more time.
    """

    features: int = 64
    estimate_depth: int = 4
    denoise_depth: tuple[int, int, int] = (1, 2, 2)
    sub_looks: int = 16
    sub_look_size: int = 4
    phase_as: str = "whitened"
    heads: int = 4
    window: int = 8
    exchange: str = "windows"
    dtype: str = "float32"
    remat: bool = False

    def __post_init__(self):
        self.denoise_depth = tuple(self.denoise_depth)  # JSON knows only lists.
        self._check_attributes()
        super().__post_init__()

    @property
    def stride(self) -> int:
        """Rows and columns must divide by this; tiles start at its multiples."""
        return 4 * self.window

    @property
    def whitens(self) -> bool:
        """Whether samples are made white before they go in."""
        return self.phase_as == "white_samples"

    @property
    def reach(self) -> int:
        """Pixels to one side beyond which nothing changes an output pixel."""
        half, quarter, joint = self.denoise_depth
        stems_and_heads = 4  # 3 x 3 convolutions at half resolution, and as many:
        convolutions = stems_and_heads + 2 * (self.estimate_depth + half + joint)
        folds = 1 + 2  # 2 x 2 pixels become a cell, and once more.
        asked = 4 * exchanges.reach(self.exchange, self.window)
        filters = self.sub_look_size // 2 - 1 if self.sub_looks else 0
        if self.phase_as == "whitened":
            filters += 2 * blocks.AROUND
        elif self.whitens:
            filters += whitening.REACH
        return filters + 2 * convolutions + folds + asked + 8 * quarter

    def _check_attributes(self) -> None:
        for name in ("features", "sub_looks", "sub_look_size", "heads", "window"):
            least = 0 if name == "sub_looks" and self.whitens else 1
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name}={getattr(self, name)} must be {least} or more."
                )
        depths = (self.estimate_depth, *self.denoise_depth)
        if len(depths) != 4 or min(depths) < 0:
            raise ValueError(
                f"{self.estimate_depth=} and the three of {self.denoise_depth=} must "
                "be 0 or more."
            )
        if self.phase_as not in PHASE_AS:
            raise ValueError(f"{self.phase_as=} must be one of {', '.join(PHASE_AS)}.")
        if self.sub_look_size % 2:
            raise ValueError(f"{self.sub_look_size=} must be even.")
        if 2 * self.features % self.heads:
            raise ValueError(f"{2 * self.features=} must divide by {self.heads=}.")

    @nn.compact
    def __call__(
        self,
        intensity: jax.Array,
        phase: jax.Array | None = None,
        has_phase: jax.Array | None = None,
        looks: jax.Array | None = None,
        slc: jax.Array | None = None,
        whitener: whitening.Whitener | None = None,
    ) -> Estimate:
        """Returns the estimate for a batch.

        Args:
            intensity: Linear power, [B, H, W, 1] float32, typically near 1; H and W
                divide by `stride`.
            phase: Radians, like `intensity`; None if no image has one. Initialise
                with a phase, or the sub-looks get no parameters.
            has_phase: [B] bool, false where the phase means nothing; None where it
                means something in all images.
            looks: Equivalent number of looks, [B] float32; None for single looks.
            slc: The samples, where they are at hand, instead of their phase,
                [B, H, W, 1] complex64 of power `intensity`; the result is the same.
            whitener: Of each image, its parts with a leading axis B: what makes its
                samples white, where they go in so.

        Raises:
            ValueError: if a shape or an attribute does not fit.
        """
        if intensity.ndim != 4 or intensity.shape[-1] != 1:
            raise ValueError(f"{intensity.shape=} must be [B, H, W, 1].")
        if intensity.shape[1] % self.stride or intensity.shape[2] % self.stride:
            raise ValueError(
                f"{intensity.shape=}: rows and columns must divide by {self.stride=}."
            )
        if phase is not None and slc is not None:
            raise ValueError("give either phase or slc.")
        for name, image in {"phase": phase, "slc": slc}.items():
            if image is not None and image.shape != intensity.shape:
                raise ValueError(f"{name}: {image.shape=} must be {intensity.shape=}.")
        if self.phase_as == "none":
            slc = None
        elif phase is not None:
            slc = radiometry.slc(intensity, phase)
        batch = intensity.shape[:1]
        for name, known in {"has_phase": has_phase, "looks": looks}.items():
            if known is not None and known.shape != batch:
                raise ValueError(f"{name}: {known.shape=} must be {batch}.")
        if looks is None:
            looks = jnp.ones(batch)
        if slc is None:
            has_phase = jnp.zeros(batch, bool)
        elif has_phase is None:
            has_phase = jnp.ones(batch, bool)
        if self.whitens and slc is not None:
            if whitener is not None:
                slc = whitening.whiten(slc, whitener)
            elif not self.is_initializing():
                raise ValueError(
                    "samples go in white: give their whitener, of spectrum.whitener."
                )
        # Not in the paper: that the network is told what it could only guess.
        context = jnp.stack([has_phase.astype(jnp.float32), jnp.log(looks)], axis=-1)
        log_intensity = radiometry.log_intensity(intensity.astype(jnp.float32))
        estimate = snenet.SNENet(
            self.features,
            self.estimate_depth,
            self.sub_looks,
            self.sub_look_size,
            self.phase_as,
            self.dtype,
            self.remat,
            name="snenet",
        )
        denoise = dbdnet.DBDNet(
            self.features,
            self.denoise_depth,
            self.heads,
            self.window,
            self.exchange,
            self.dtype,
            self.remat,
            name="dbdnet",
        )
        # GPUs take fewer bits for products of float32 unless they are told not to.
        precision = "highest" if self.dtype == "float32" else None
        with jax.default_matmul_precision(precision):
            log_speckle, noise = estimate(log_intensity, slc, has_phase, context)
            clean = denoise(log_intensity, log_speckle, noise, context)
        return Estimate(clean, log_speckle)
