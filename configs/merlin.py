"""Goes on from trained weights with one half of SLC images teaching the other.

python -m pgd2jax.main --config configs/merlin.py --config.data.files=a.tif,b.tif
"""

import ml_collections

from configs import finetune


def get_config() -> ml_collections.ConfigDict:
    c = finetune.get_config()
    c.data.source = "merlin"

    c.augment.looks_jitter = 0.0

    c.loss.likely = 1.0  # Of the other half: MERLIN's loss, twice.
    c.loss.speckle = 0.0
    c.loss.structure = 0.0

    c.evaluation.tiles = 0  # There is no reference to measure with.
    return c
