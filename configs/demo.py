"""A small network that trains in four minutes on two CPU cores."""

import ml_collections

from configs import base


def get_config() -> ml_collections.ConfigDict:
    c = base.get_config()
    c.data.source = "simulated"
    c.data.batch_size = 8
    c.data.crop = 64
    c.data.crops_per_tile = 4

    c.model.features = 16
    c.model.estimate_depth = 3
    c.model.sub_looks = 8
    c.model.sub_look_size = 6
    c.model.heads = 1

    c.optimiser.learning_rate = 3e-3
    c.optimiser.warmup_steps = 100

    c.train.num_steps = 2_500
    c.train.checkpoint_every = 500
    c.train.eval_tiles = 24
    c.train.average_decay = 0.99
    return c
