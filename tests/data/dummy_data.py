"""Makes tfds_sar/sar_despeckle/dummy_data, a near-real archive of four small files.

python tests/data/dummy_data.py

Fields of one level each under correlated speckle, on a second date for ground 1. Values
are rounded, so that the folder stays small.
"""

import pathlib

import jax
import numpy as np
import tifffile

from pgd2jax.sar import radiometry, speckle

FOLDER = pathlib.Path(__file__).parents[2] / "tfds_sar/sar_despeckle/dummy_data"
STEMS = ("1_20160213", "1_20160308", "2_20160213", "3_20160213")
SIZE = 256
FIELD = 36  # Pixels, square.
PHASES = 8  # In a turn.


def rounded(power: np.ndarray, bits: int) -> np.ndarray:
    """Returns power with so many bits of mantissa: with 0, powers of two."""
    fraction, exponent = np.frexp(np.asarray(power))
    return np.ldexp(np.round(fraction * 2 ** (bits + 1)) / 2 ** (bits + 1), exponent)


def main() -> None:
    """Writes gt, ori and pha of each stem."""
    size = SIZE + 2 * speckle.MARGIN
    for number, stem in enumerate(STEMS):
        ground = np.random.default_rng(int(stem[0]))
        levels = ground.uniform(-20, -5, (size // FIELD,) * 2)
        power = radiometry.from_decibel(np.kron(levels, np.ones((FIELD, FIELD))))
        sensor, noise = jax.random.split(jax.random.key(number))
        images = speckle.observe(
            noise,
            power.astype(np.float32),
            np.zeros(power.shape, np.complex64),
            speckle.draw_transfer(sensor, power.shape, white=False),
        )
        intensity, phase, reference = (speckle.crop(image) for image in images)
        turn = 2 * np.pi / PHASES
        pairs = {
            "gt": rounded(reference, 3),
            "ori": rounded(intensity, 0),
            "pha": rounded(turn * (np.floor(np.asarray(phase) / turn) + 0.5), 6),
        }
        for role, image in pairs.items():
            (FOLDER / role).mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(
                FOLDER / role / f"{stem}.tif",
                image.astype(np.float32),
                compression="deflate",
                compressionargs={"level": 9},
            )


if __name__ == "__main__":
    main()
