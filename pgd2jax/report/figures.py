"""Figures for papers and for one's own eyes; one function each."""

import os
import pathlib

import numpy as np
from matplotlib import figure

from pgd2jax.metrics import unreferenced
from pgd2jax.raster import atomic
from pgd2jax.sar import radiometry

SPAN = 30.0  # dB from black to white.


def comparison(
    path: str | os.PathLike,
    noisy: np.ndarray,
    despeckled: np.ndarray,
    reference: np.ndarray | None = None,
) -> None:
    """Draws noisy, despeckled, reference and ratio image side by side.

    A good ratio image shows speckle alone: structure in it was taken from the scene.

    Args:
        path: .png or .pdf; appears whole or not at all.
        noisy: Linear power, [H, W].
        despeckled: Linear power, [H, W].
        reference: Linear power, [H, W], if there is one.
    """
    path = pathlib.Path(path)
    images = {"noisy": noisy, "despeckled": despeckled}
    if reference is not None:
        images["reference"] = reference
    clean = despeckled if reference is None else reference
    valid = clean[np.isfinite(clean) & (clean > 0)]
    middle = float(np.median(radiometry.decibel(valid))) if valid.size else 0.0
    rows, cols = noisy.shape
    panels = len(images) + 1
    sheet = figure.Figure(
        figsize=(4 * panels, 4 * rows / cols + 0.9), layout="constrained", dpi=150
    )
    axes = sheet.subplots(1, panels)
    for axis, (name, image) in zip(axes, images.items(), strict=False):
        shown = axis.imshow(
            radiometry.decibel(image, 1e-30),
            cmap="gray",
            vmin=middle - SPAN / 2,
            vmax=middle + SPAN / 2,
            interpolation="nearest",
        )
        axis.set_title(name)
    sheet.colorbar(shown, ax=axes[:-1], location="bottom", shrink=0.4, label="dB")
    ratio = unreferenced.ratio(noisy, despeckled)
    shown = axes[-1].imshow(ratio, cmap="gray", vmin=0, vmax=3, interpolation="nearest")
    axes[-1].set_title("ratio: noisy / despeckled")
    sheet.colorbar(shown, ax=axes[-1:], location="bottom", shrink=0.8)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    with atomic.replacing(path) as temporary:
        sheet.savefig(temporary, bbox_inches="tight")
