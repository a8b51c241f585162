"""The small weights that come with pgd2jax: made for CPUs, trained on one."""

import ml_collections

from configs import base


def get_config() -> ml_collections.ConfigDict:
    c = base.get_config()
    c.data.batch_size = 4
    c.data.crop = 96

    c.model.features = 16
    c.model.phase_as = "white_samples"
    c.model.sub_looks = 7  # With twice four pixels and a mean, 16: quick on CPUs.
    c.model.estimate_depth = 2
    c.model.denoise_depth = (1, 4, 1)
    c.model.heads = 1

    c.optimiser.learning_rate = 3e-3
    c.optimiser.warmup_steps = 200

    c.train.num_steps = 40_000
    c.train.checkpoint_every = 2_000
    c.train.eval_tiles = 16
    return c
