"""Goes on from trained weights on one's own pairs, or on one's own SLC images alone.

python -m pgd2jax.main --config configs/finetune.py --config.data.files=a.tif,b.tif
"""

import ml_collections

from configs import small


def get_config() -> ml_collections.ConfigDict:
    c = small.get_config()
    c.init_from = "medium"  # Its network replaces `model`.

    c.data.source = "slc"  # Or near_real, stack-..., with data_dir.

    c.optimiser.learning_rate = 3e-4
    c.optimiser.warmup_steps = 50

    c.train.num_steps = 1_000
    c.train.checkpoint_every = 250
    c.train.average_decay = 0.99
    return c
