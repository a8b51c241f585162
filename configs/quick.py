"""The small network, trained for four minutes on two CPU cores."""

import ml_collections

from configs import small


def get_config() -> ml_collections.ConfigDict:
    c = small.get_config()
    c.data.source = "simulated"
    c.data.batch_size = 8
    c.data.crop = 64
    c.data.crops_per_tile = 4

    c.optimiser.warmup_steps = 100

    c.train.num_steps = 2_500
    c.train.checkpoint_every = 500
    c.train.eval_tiles = 24
    c.train.average_decay = 0.99
    return c
