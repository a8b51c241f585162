"""Weights made ready to use on images of any size and any scale."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from absl import logging

from pgd2jax import checkpoints, configuration
from pgd2jax.infer import masks, tiles
from pgd2jax.models import PGD2Net
from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels, radiometry, scenes

# Looks of complex samples from which they are called averaged: correlated samples of
# one look are found to have up to 1.2.
AVERAGED = 1.5
TILE = 512  # Pixels; with its halo 704 x 704, a few hundred MB of activations.


class Despeckler:
    """Despeckles single-look complex images, or intensities.

    Attributes:
        model: The network.
        params: Its weights, nested dicts of arrays.
        config: The configuration that trained them.
    """

    def __init__(self, model: PGD2Net, params: Any, config: Mapping[str, Any]):
        """Takes a network and its weights; `load` finds both."""
        self.model = model
        self.params = params
        self.config = config
        self._apply = jax.jit(
            lambda params, *inputs: model.apply({"params": params}, *inputs).intensity
        )

    def __call__(
        self,
        slc: np.ndarray | None = None,
        *,
        intensity: np.ndarray | None = None,
        looks: float | None = None,
        tile: int = TILE,
        progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Despeckles one image.

        The result scales with the input: f(c z) = |c|^2 f(z). Pixels that are NaN or
        infinite come back as NaN and leave their neighbours alone; zeros that fill a
        square of 5 x 5 pixels are no data and stay 0.

        Args:
            slc: Complex samples, [H, W], any scale, not multilooked.
            intensity: Instead of `slc`, where there is no phase: linear power, [H, W].
            looks: Equivalent number of looks of `intensity`, at least 1; estimated from
                the image if None. An SLC image has one.
            tile: Rows and columns worked on at once; changes memory, not the result.
            progress: Called with (tiles done, tiles in all).

        Returns:
            The intensity, E|slc|^2, [H, W] float32 linear power.

        Raises:
            ValueError: if the image is empty, not [H, W], of a wrong type or negative,
                or if `looks` does not fit it.
        """
        image = _checked(slc, intensity, looks)
        power = radiometry.intensity(image) if slc is not None else np.float32(image)
        missing = pixels.no_data(power)
        result = np.where(np.isfinite(power), np.float32(0), np.float32(np.nan))
        if missing.all():
            return result
        scale = radiometry.geometric_mean(power, ~missing)
        if scale < np.finfo(np.float32).tiny:
            raise ValueError(f"the image's typical power, {scale:g}, is too small.")
        images = [masks.fill(power, missing) / scale]
        if looks is None:
            looks = sar_looks.estimate(np.where(missing, np.nan, power))
        if slc is not None:
            images.append(masks.fill(radiometry.phase(image), missing))
            looks = _one_look(looks)
        if looks > scenes.MOST_LOOKS:
            logging.warning(
                "%.1f looks are more than the %g that the network knows.",
                looks,
                scenes.MOST_LOOKS,
            )
        told = np.float32([min(looks, scenes.MOST_LOOKS)])

        plan = tiles.plan(power.shape, self.model.stride, self.model.reach, tile)
        padded = [tiles.pad(image, plan) for image in images]
        clean = np.empty(power.shape, np.float32)
        inner = slice(plan.halo, -plan.halo)
        for number, core in enumerate(plan, start=1):
            window = plan.with_halo(core)
            cut = [image[window][None, ..., None] for image in padded]
            phase = cut[1] if slc is not None else None
            estimate = self._apply(self.params, cut[0], phase, None, told)
            target = clean[core]
            estimate = np.asarray(estimate)[0, inner, inner, 0]
            target[:] = estimate[: target.shape[0], : target.shape[1]]
            if progress:
                progress(number, len(plan))
        return np.where(missing, result, clean * scale)


def _one_look(found: float) -> float:
    """Returns 1, and warns if the samples of an SLC image seem to have more looks."""
    if found > AVERAGED:
        logging.warning(
            "the samples of an SLC image have one look, these about %.1f: were they "
            "averaged or filtered before?",
            found,
        )
    return 1.0


def _checked(slc, intensity, looks) -> np.ndarray:
    if (slc is None) == (intensity is None):
        raise ValueError("give either slc or intensity.")
    if looks is not None and not 1 <= looks < np.inf:
        raise ValueError(f"{looks=} must be at least 1.")
    if slc is not None and looks not in (None, 1):
        raise ValueError(f"{looks=}: an SLC image has one look; give its intensity=.")
    name = "slc" if intensity is None else "intensity"
    image = np.asarray(slc if intensity is None else intensity)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"{name}: {image.shape=} must be [rows, cols], not empty.")
    if name == "slc":
        if image.dtype.kind != "c":
            raise ValueError(
                f"slc: {image.dtype=} must be complex; give real power as intensity=."
            )
        return image
    if image.dtype.kind not in "fui":
        raise ValueError(f"intensity: {image.dtype=} must be real; give slc= instead.")
    lowest = np.nanmin(np.where(np.isfinite(image), image, 0))
    if lowest < 0:
        raise ValueError(
            f"intensity: its lowest pixel is {lowest:g}, but power is never negative; "
            "convert decibels to linear power first."
        )
    return image


def load(
    weights: str | os.PathLike = checkpoints.DEFAULT, *, dtype: str = "auto"
) -> Despeckler:
    """Loads weights.

    Args:
        weights: A name of `checkpoints.published`, the sets that come along; or a
            training's workdir, of which the best step is taken, or a folder of weights.
        dtype: Of the computation: "float32", "bfloat16", or "auto" for bfloat16 on
            GPU and TPU and float32 on a CPU.

    Returns:
        A Despeckler.

    Raises:
        CheckpointError: if the folder holds no weights of pgd2jax.
    """
    params, config = checkpoints.load_weights(weights)
    model = configuration.model(config["model"], dtype)
    return Despeckler(model, jax.device_put(params), config)
