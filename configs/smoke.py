"""Seconds on a CPU: that everything runs, not that it is any good."""

import ml_collections

from configs import base


def get_config() -> ml_collections.ConfigDict:
    c = base.get_config()
    c.data.batch_size = 8
    c.data.crop = 32

    c.model.features = 8
    c.model.estimate_depth = 1
    c.model.denoise_depth = (1, 1, 1)
    c.model.sub_looks = 2
    c.model.sub_look_size = 4
    c.model.heads = 1
    c.model.window = 4

    c.optimiser.warmup_steps = 1

    c.train.num_steps = 4
    c.train.log_every = 1
    c.train.checkpoint_every = 2
    c.train.eval_tiles = 2

    c.evaluation.tiles = 2
    c.evaluation.methods = ("noisy", "lee", "pgd2net")
    return c
