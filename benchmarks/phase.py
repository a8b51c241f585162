"""Measures what the phase can tell of the ground, without training a network.

python benchmarks/phase.py

Fits the best linear estimator of the reference from 21 x 21 cells of 2 x 2 pixels, the
7 x 7 in the middle one by one and the others as means of as many: from the intensity
alone, and from what the phase adds to it. Ground is a power-law texture of 1.5 dB, so
faint that an estimator that is linear in power is close to the best of all. (Of the
logarithms of powers it would not be: there any second look at a pixel pays, as it makes
up for what the logarithm lost.) Every tile has a transfer function of its own, so that
one estimator serves them all; half of them drift as TOPS does.
"""

import argparse
import pathlib
import sys
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from pgd2jax import compilation
from pgd2jax.models import blocks
from pgd2jax.sar import fields, radiometry, speckle, spectrum, whitening

SIZE = 224  # Pixels of a tile,
MARGIN = 16  # of which those at its borders are left out.
HALF = 3  # Cells of a neighbourhood beyond the one in its middle,
FAR = HALF + 2 * HALF + 1  # and with the means around it.
TESTED = 4  # One tile in so many is kept to test on.
RIDGE = 30.0
BANKS = ((8, 4), (16, 2), (16, 4), (16, 6), (16, 8))  # Filters, their size.

_whiten = jax.jit(whitening.whiten)


@jax.jit
def observe(key):
    """Returns samples and reference, [H, W] each."""
    ground, sensor, noise = jax.random.split(key, 3)
    decibel = 1.5 * fields.power_law(ground, (SIZE, SIZE), 2.5)[0]
    transfer = speckle.draw_transfer(sensor, (SIZE, SIZE), False)
    no_points = jnp.zeros((SIZE, SIZE), jnp.complex64)
    power, phase, reference = speckle.observe(
        noise, radiometry.from_decibel(decibel), no_points, transfer
    )
    return radiometry.slc(power, phase), reference


def cells(image) -> np.ndarray:
    """Returns cells, [1, H/2, W/2, C], without those of the margin, [h, w, C]."""
    edge = MARGIN // 2
    return np.asarray(image)[0, edge:-edge, edge:-edge].astype(np.float64)


def folded(image) -> np.ndarray:
    """Returns an image, [H, W], as cells of four pixels."""
    return cells(blocks.space_to_depth(jnp.asarray(image)[None, ..., None]))


def whitened(slc):
    """Returns white samples, [H, W], as far as the image shows its spectrum."""
    found = spectrum.whitener([np.asarray(slc)])
    batch = jax.tree.map(lambda known: jnp.asarray(known)[None], found)
    return _whiten(slc[None, ..., None], batch)[0, ..., 0]


def sub_looks(bank: tuple[int, int], whiten: bool) -> Callable:
    """Returns a function from samples to the powers of sub-looks, before training."""
    layer = blocks.SubLooks(*bank, whiten)
    params = layer.init(jax.random.key(0), jnp.ones((1, 32, 32, 1), jnp.complex64))

    @jax.jit
    def powers(slc):
        looks = layer.apply(params, slc[None, ..., None])
        return jnp.exp(looks[..., :-1] + looks[..., -1:])

    return lambda slc: cells(powers(slc))


def neighbourhoods(features: np.ndarray) -> np.ndarray:
    """Returns the features around every third cell, and a one, [N, F]."""
    wide = 2 * HALF + 1
    rows, cols, _ = features.shape
    sums = np.pad(features, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    means = sums[wide:, wide:] - sums[:-wide, wide:] - sums[wide:, :-wide]
    means = (means + sums[:-wide, :-wide]) / wide**2  # By their first cell.
    parts = []
    for image, steps, first in (
        (features, range(-HALF, HALF + 1), FAR),
        (means, (-wide, 0, wide), FAR - HALF),
    ):
        for i in steps:
            for j in steps:
                top, left = first + i, first + j
                stop = top + rows - 2 * FAR, left + cols - 2 * FAR
                parts.append(image[top : stop[0] : 3, left : stop[1] : 3])
    flat = np.concatenate(parts, axis=-1)
    return np.pad(
        flat.reshape(-1, flat.shape[-1]), ((0, 0), (0, 1)), constant_values=1.0
    )


def error(tiles, seen: Callable) -> float:
    """Returns the rmse in dB on tiles that the estimator was not fitted to.

    Args:
        tiles: Of `observe`.
        seen: From a tile to what the estimator is given, [h, w, C].
    """
    products, targets, kept = 0.0, 0.0, []
    for number, tile in enumerate(tiles):
        x = neighbourhoods(seen(*tile))
        y = folded(tile[1])[FAR:-FAR:3, FAR:-FAR:3, 0].ravel()
        if number % TESTED:
            products, targets = products + x.T @ x, targets + x.T @ y
        else:
            kept.append((x, y))
    weights = np.linalg.solve(products + RIDGE * np.eye(len(products)), targets)
    errors = np.concatenate([x @ weights / y - 1 for x, y in kept])
    return radiometry.NEPER_TO_DECIBEL * float(np.std(errors))


def main() -> None:
    """Prints what each form of the phase brings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=200, help="[%(default)s]")
    args = parser.parse_args()
    compilation.cache()
    tiles = [observe(jax.random.key(index)) for index in range(args.tiles)]

    def alone(slc, *_):
        return folded(radiometry.intensity(slc))

    forms = {"white samples": lambda slc, _: alone(whitened(slc))}
    for bank in BANKS:
        for whiten in (False, True):
            looks = sub_looks(bank, whiten)
            name = f"{bank[0]} filters of {bank[1]} x {bank[1]}"
            name += ", whitened after" if whiten else ""
            forms[name] = lambda slc, _, looks=looks: looks(slc)
    looks = sub_looks((16, 4), False)

    def both_forms(slc, _):
        samples = whitened(slc)
        return np.concatenate([alone(samples), looks(samples)], axis=-1)

    forms["white samples, and 16 filters of 4 x 4 on them"] = both_forms
    base = error(tiles, alone)
    print(f"the intensity alone: {base:.3f} dB")
    for name, form in forms.items():
        both = error(
            tiles, lambda *tile, f=form: np.concatenate([alone(*tile), f(*tile)], -1)
        )
        print(f"{name}: {both:.3f} dB, {20 * np.log10(base / both):+.2f}", flush=True)


if __name__ == "__main__":
    main()
