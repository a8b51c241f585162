"""Draws reference.png: a simulated time series and its adaptive multilook.

python docs/images/reference.py
"""

import pathlib

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colors

from pgd2jax.sar import glrt, radiometry, scenes, speckle

SIZE, DATES, SEED = 256, 20, 14


def series() -> tuple[np.ndarray, np.ndarray]:
    """Returns single-look dates of one scene, [T, H, W], and their expectation."""
    ground, sensor, *noises = jax.random.split(jax.random.key(SEED), 2 + DATES)
    shape = (SIZE + 2 * speckle.MARGIN,) * 2
    scene = jax.jit(scenes.draw, static_argnums=1)(ground, shape)
    transfer = speckle.draw_transfer(sensor, shape, white=False)
    focused = speckle.focus(scene.points, transfer)
    observe = jax.jit(speckle.observe)
    dates = [observe(noise, scene.reflectivity, focused, transfer) for noise in noises]
    intensity = [speckle.crop(intensity) for intensity, _, _ in dates]
    return np.array(intensity), np.array(speckle.crop(dates[0][2]))


def main() -> None:
    """Draws the picture beside this file."""
    dates, truth = series()
    reference, looks = glrt.Stack(dates).reference()
    low, high = np.percentile(radiometry.decibel(truth), (1, 99.5))
    figure, axes = plt.subplots(1, 5, figsize=(15, 3.4), layout="constrained")
    images = {
        "one date": dates[0],
        f"mean of {DATES} dates": dates.mean(axis=0),
        "reference": reference,
        "truth": truth,
    }
    for axis, (title, image) in zip(axes, images.items(), strict=False):
        axis.imshow(radiometry.decibel(image, 1e-9), "gray", vmin=low, vmax=high)
        axis.set_title(title)
    shown = axes[4].imshow(looks, norm=colors.LogNorm())
    axes[4].set_title("looks of the reference")
    figure.colorbar(shown, ax=axes[4])
    for axis in axes:
        axis.set_axis_off()
    figure.savefig(pathlib.Path(__file__).with_suffix(".png"), dpi=64)


if __name__ == "__main__":
    main()
