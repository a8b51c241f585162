"""The medium weights that come with pgd2jax: made for CPUs, trained on two cores."""

import ml_collections

from configs import small


def get_config() -> ml_collections.ConfigDict:
    c = small.get_config()
    c.data.batch_size = 8

    c.model.features = 32
    c.model.sub_looks = 16

    c.optimiser.learning_rate = 2e-3
    c.optimiser.warmup_steps = 500

    c.train.num_steps = 20_000
    return c
