"""Measures what sub-looks can tell of the ground, without training a network.

python benchmarks/phase.py

Fits the best linear estimator of the log reference from 7 x 7 cells of 2 x 2 pixels
each: from the log intensities alone, and from the sub-looks of several banks too,
whitened or not, as they are before training. Ground is a power-law texture of 3 dB;
every tile has a transfer function of its own, so that one estimator serves them all.
"""

import argparse
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from pgd2jax import compilation
from pgd2jax.models import blocks
from pgd2jax.sar import fields, radiometry, speckle

SIZE = 160  # Pixels of a tile,
MARGIN = 16  # of which those at its borders are left out.
HALF = 3  # Cells of a neighbourhood beyond the one in its middle.
TESTED = 4  # One tile in so many is kept to test on.
RIDGE = 30.0
BANKS = ((8, 4), (16, 2), (16, 4), (16, 6), (16, 8), (24, 6))  # Filters, their size.


@jax.jit
def observe(key):
    """Returns log intensity, complex samples and log reference, [1, H, W, 1] each."""
    ground, sensor, noise = jax.random.split(key, 3)
    decibel = 3.0 * fields.power_law(ground, (SIZE, SIZE), 2.5)[0]
    transfer = speckle.draw_transfer(sensor, (SIZE, SIZE), False)
    no_points = jnp.zeros((SIZE, SIZE), jnp.complex64)
    power, phase, reference = speckle.observe(
        noise, radiometry.from_decibel(decibel), no_points, transfer
    )
    images = (
        radiometry.log_intensity(power),
        radiometry.slc(power, phase),
        radiometry.log_intensity(reference),
    )
    return tuple(image[None, ..., None] for image in images)


def cells(image) -> np.ndarray:
    """Returns [1, H, W, C] at half resolution or more as cells, [H/2, W/2, C]."""
    edge = MARGIN // 2
    return np.asarray(image)[0, edge:-edge, edge:-edge]


def neighbourhoods(features: np.ndarray) -> np.ndarray:
    """Returns the features around every other cell, and a one, [N, F]."""
    rows, cols, _ = features.shape
    shifts = range(-HALF, HALF + 1)
    parts = [
        features[HALF + i : rows - HALF + i : 2, HALF + j : cols - HALF + j : 2]
        for i in shifts
        for j in shifts
    ]
    flat = np.concatenate(parts, axis=-1)
    flat = flat.reshape(-1, flat.shape[-1]).astype(np.float64)
    return np.pad(flat, ((0, 0), (0, 1)), constant_values=1.0)


def error(tiles, bank, whiten: bool = False) -> float:
    """Returns the rmse in dB on tiles that the estimator was not fitted to."""
    if bank:
        layer = blocks.SubLooks(*bank, whiten)
        params = layer.init(jax.random.key(0), tiles[0][1])
        sub_looks = jax.jit(lambda slc: layer.apply(params, slc))
    products, targets, kept = 0.0, 0.0, []
    for number, (intensity, slc, reference) in enumerate(tiles):
        features = cells(blocks.space_to_depth(intensity))
        if bank:
            features = np.concatenate([features, cells(sub_looks(slc))], axis=-1)
        x = neighbourhoods(features)
        truth = cells(blocks.space_to_depth(reference))
        y = truth[HALF:-HALF:2, HALF:-HALF:2, 0].ravel().astype(np.float64)
        if number % TESTED:
            products, targets = products + x.T @ x, targets + x.T @ y
        else:
            kept.append((x, y))
    weights = np.linalg.solve(products + RIDGE * np.eye(len(products)), targets)
    errors = np.concatenate([x @ weights - y for x, y in kept])
    return radiometry.NEPER_TO_DECIBEL * float(np.std(errors))


def main() -> None:
    """Prints the error of each bank."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=200, help="[%(default)s]")
    args = parser.parse_args()
    compilation.cache()
    tiles = [observe(jax.random.key(index)) for index in range(args.tiles)]
    alone = error(tiles, None)
    print(f"intensity alone: {alone:.3f} dB")
    for bank in BANKS:
        found = [error(tiles, bank, whiten) for whiten in (False, True)]
        plain, white = (f"{e:.3f} dB, {20 * np.log10(alone / e):+.2f}" for e in found)
        size = f"{bank[0]} filters of {bank[1]} x {bank[1]}"
        print(f"{size}: {plain}; whitened: {white}", flush=True)


if __name__ == "__main__":
    main()
