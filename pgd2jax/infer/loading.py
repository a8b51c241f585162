"""From a folder of weights to a Despeckler."""

import os

import jax
import jax.numpy as jnp
import numpy as np

from pgd2jax import checkpoints, configuration
from pgd2jax.infer import forks
from pgd2jax.infer.despeckler import Despeckler


def load(
    weights: str | os.PathLike = checkpoints.DEFAULT, *, dtype: str = "auto"
) -> Despeckler:
    """Loads weights.

    Args:
        weights: A name of `checkpoints.published`, the sets that come along; or a
            training's workdir, of which the best step is taken, or a folder of weights.
        dtype: Of the computation: "float32", "bfloat16", or "auto" for bfloat16 on
            GPU and TPU and float32 on a CPU.

    Returns:
        A Despeckler.

    Raises:
        CheckpointError: if the folder holds no weights of pgd2jax, or those of another
            network than its configuration says.
        ValueError: if there is no such dtype.
        RuntimeError: in a fork of a process that has loaded weights.
    """
    forks.check()
    dtype = configuration.compute_dtype(dtype)
    params, config = checkpoints.load_weights(weights)
    try:
        model = configuration.model(config["model"], dtype)
        image = jax.ShapeDtypeStruct((1, model.stride, model.stride, 1), jnp.float32)
        made = jax.eval_shape(model.init, jax.random.key(0), image, image)["params"]
    except (TypeError, ValueError) as error:  # As of a later version.
        raise checkpoints.CheckpointError(
            f"{weights}: its configuration is of no network of this version. ({error})"
        ) from error
    if jax.tree.map(np.shape, made) != jax.tree.map(np.shape, params):
        raise checkpoints.CheckpointError(
            f"{weights}: its params are not those of the network that its config "
            "names; copy both again."
        )
    return Despeckler(model, params, config)
