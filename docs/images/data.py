"""Draws docs/images/data.png: tiles of the test split of sar_despeckle/simulated.

python -m tfds_sar.build simulated --data_dir data
python docs/images/data.py --data_dir data
"""

import argparse
import pathlib

import matplotlib
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image, ImageDraw, ImageFont

PICTURE = pathlib.Path(__file__).parent / "data.png"
TILES = (4, 58, 86, 62, 81)  # Fields, a town, a coast, hills, and all sorts.
SIZE = 192  # Pixels shown of each tile, as stored, neither scaled nor smoothed.
GAP = 6
LEFT = 96
TOP = 24
SHADES = 24  # Of grey and of phase: noise of more would make a file of megabytes.
RANGE = (-18.0, 14.0)  # dB over the middle of the reference's levels.


def decibel(power: np.ndarray, level: float) -> np.ndarray:
    """Returns grey of power over a level, [rows, cols, 3] uint8."""
    low, high = RANGE
    part = (10 * np.log10(np.maximum(power / level, 1e-9)) - low) / (high - low)
    return colours(part, "gray")


def colours(part: np.ndarray, name: str) -> np.ndarray:
    """Returns colours of values in [0, 1], [rows, cols, 3] uint8."""
    steps = np.minimum(np.floor(np.clip(part, 0, 1) * SHADES), SHADES - 1)
    return matplotlib.colormaps[name](steps / (SHADES - 1), bytes=True)[..., :3]


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", default="data")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=PICTURE,
    )
    args = parser.parse_args()
    test = tfds.data_source(
        "sar_despeckle/simulated", split="test", data_dir=args.data_dir
    )
    step = SIZE + GAP
    size = (LEFT + step * len(TILES), TOP + step * 3)
    picture = Image.new("RGB", size, "white")
    text = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    for number, name in enumerate(("intensity", "phase", "reference")):
        place = (LEFT - 8, TOP + step * number + SIZE // 2)
        text.text(place, name, fill="black", font=font, anchor="rm")
    for number, index in enumerate(TILES):
        tile = test[index]
        window = {
            name: tile[name][:SIZE, :SIZE, 0]
            for name in ("intensity", "phase", "reference")
        }
        level = np.sqrt(np.prod(np.percentile(window["reference"], (5, 95))))
        images = (
            decibel(window["intensity"], level),
            colours((window["phase"] + np.pi) / (2 * np.pi), "twilight"),
            decibel(window["reference"], level),
        )
        left = LEFT + step * number
        title = f"{tile['speckle'].decode()}, tile {index}"
        text.text((left + SIZE // 2, TOP - 6), title, "black", font, anchor="ms")
        for row, image in enumerate(images):
            picture.paste(Image.fromarray(image), (left, TOP + step * row))
    picture.quantize(64, dither=Image.Dither.NONE).save(args.output, optimize=True)


if __name__ == "__main__":
    main()
