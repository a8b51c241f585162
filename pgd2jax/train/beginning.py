"""What a run begins with: weights, and the pairs that may need them."""

import functools
from typing import Any

from pgd2jax import checkpoints, configuration, data, infer


def begin(config) -> tuple[Any, Any]:
    """Returns the configuration with the network of `init_from`, and its weights.

    Without any, the configuration as it is, and None.

    Raises:
        CheckpointError: if there are no such weights.
    """
    if not config.init_from:
        return config, None
    params, trained = checkpoints.load_weights(config.init_from)
    config = config.copy_and_resolve_references()
    # JSON has made lists of tuples.
    network = {
        n: tuple(v) if isinstance(v, list) else v for n, v in trained["model"].items()
    }
    try:
        config.model.update(network)
    except KeyError as error:
        raise checkpoints.CheckpointError(
            f"{config.init_from}: is of another version of pgd2jax, whose networks "
            f"have more to them. ({error.args[0]})"
        ) from error
    return config, params


def batches(config) -> data.Batches:
    """Returns the batches of a configuration.

    Raises:
        ValueError: as `data.create`.
    """
    load = None
    if config.init_from:
        load = functools.partial(infer.load, config.init_from, dtype=config.train.dtype)
    whiten = configuration.model(config.model, config.train.dtype).whitens
    return data.create(**config.data, seed=config.seed, whiten=whiten, load=load)
