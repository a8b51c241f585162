"""The parallel steps: the only `pmap` of the project.

The state goes in and out unstacked (`in_axes=None`, `out_axes=None`), so that it is one
tree, whatever the devices; random keys belong to the number of an example, never to a
device, so that any number of devices takes the same step.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import jax_utils

from pgd2jax.data import pairs
from pgd2jax.train.state import State

AXIS = "devices"
Objective = Callable[[Any, pairs.Pair], tuple[jax.Array, dict[str, jax.Array]]]
AHEAD = 2  # Batches on the device before they are needed.


def draw_step(
    pair: Callable[[Any, jax.Array], pairs.Pair], key: jax.Array, crops_per_tile: int
):
    """Compiles the making of a batch; apart from the step, so that each compiles once.

    Args:
        pair: (example, key) -> Pair, for one tile.
        key: PRNG key of the run.
        crops_per_tile: Pairs of each tile.

    Returns:
        (numbers [D, T] int32, examples {name: [D, T, ...]}) -> Pair of [D, B, ...], B
        being T x crops_per_tile; tiles are numbered over the whole run.
    """

    def draw(key, numbers, examples):
        def make(index):
            tile, crop = index // crops_per_tile, index % crops_per_tile
            example = jax.tree.map(lambda images: images[tile], examples)
            number = numbers[tile] * crops_per_tile + crop
            return pair(example, jax.random.fold_in(key, number))

        indices = jnp.arange(numbers.size * crops_per_tile)
        if jax.default_backend() == "cpu":
            # One by one: `vmap` turns each `cond` into both of its branches, and half
            # of what a scene may hold is absent.
            return jax.lax.map(make, indices)
        return jax.vmap(make)(indices)

    # The key is an argument, so that all seeds share what is compiled.
    drawn = jax.pmap(draw, axis_name=AXIS, in_axes=(None, 0, 0))
    return functools.partial(drawn, replicate(key))


def _microbatches(batch: Any, count: int) -> Any:
    def split(x):
        if x.shape[0] % count:
            raise ValueError(
                f"{x.shape[0]} examples a device must divide by "
                f"train.accumulate={count}."
            )
        return x.reshape(count, -1, *x.shape[1:])

    return jax.tree.map(split, batch)


def update(
    objective: Objective,
    tx: optax.GradientTransformation,
    decay: float,
    accumulate: int = 1,
):
    """Returns the training step of one device, which meets the others on `AXIS`.

    A step whose loss or gradient is not finite changes nothing but the counts.

    Args:
        objective: (params, batch) -> (loss [B], {term: [B]}).
        tx: The optimiser.
        decay: Of the average of the weights, below 1.
        accumulate: Parts of a device's batch that are computed one after the other;
            the gradient is that of all.

    Returns:
        (state, batch [B/D, ...]) -> (state, {name: scalar}).
    """

    def gradient(params, batch):
        def mean_objective(params):
            loss, terms = objective(params, batch)
            terms = {name: term.mean() for name, term in terms.items()}
            return loss.mean(), {"loss": loss.mean(), **terms}

        return jax.grad(mean_objective, has_aux=True)(params)

    def mean_gradient(params, batch):
        if accumulate == 1:
            return gradient(params, batch)
        parts = _microbatches(batch, accumulate)

        def add(total, part):
            return jax.tree.map(jnp.add, total, gradient(params, part)), None

        first = jax.tree.map(lambda x: x[0], parts)
        shapes = jax.eval_shape(gradient, params, first)
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        # Written out on a CPU, where convolutions within a loop take 20 times as long.
        written_out = jax.default_backend() == "cpu"
        total, _ = jax.lax.scan(add, zeros, parts, unroll=written_out)
        return jax.tree.map(lambda x: x / accumulate, total)

    def step(state, batch):
        grads, scalars = mean_gradient(state.params, batch)
        grads, scalars = jax.lax.pmean((grads, scalars), AXIS)
        scalars["gradient_norm"] = optax.tree.norm(grads)
        finite = jnp.isfinite(scalars["loss"]) & jnp.isfinite(scalars["gradient_norm"])
        updates, optimiser = tx.update(grads, state.optimiser, state.params)
        params = optax.apply_updates(state.params, updates)
        # A young average forgets fast, so that it never holds the first weights.
        age = state.step.astype(jnp.float32)
        keep = jnp.minimum(decay, (1 + age) / (10 + age))
        average = optax.incremental_update(params, state.average, 1 - keep)
        params, average, optimiser = jax.tree.map(
            functools.partial(jnp.where, finite),
            (params, average, optimiser),
            (state.params, state.average, state.optimiser),
        )
        new = State(
            step=state.step + 1,
            params=params,
            average=average,
            optimiser=optimiser,
            skipped=state.skipped + ~finite,
            in_a_row=jnp.where(finite, 0, state.in_a_row + 1),
        )
        scalars |= {"skipped": new.skipped, "in_a_row": new.in_a_row}
        return new, scalars

    return step


def train_step(
    objective: Objective,
    tx: optax.GradientTransformation,
    decay: float,
    accumulate: int = 1,
):
    """Compiles `update` over all devices of all processes.

    Returns:
        (state, batch [D, B/D, ...]) -> (state, {name: scalar}).
    """
    return jax.pmap(
        update(objective, tx, decay, accumulate),
        axis_name=AXIS,
        in_axes=(None, 0),
        out_axes=None,
        donate_argnums=0,
    )


def predict_step(predict: Callable[[Any, pairs.Pair], jax.Array]):
    """Compiles (params, batch [D, B/D, ...]) -> predictions [B, ...] of all devices."""

    def gathered(params, batch):
        return jax.lax.all_gather(predict(params, batch), AXIS, tiled=True)

    return jax.pmap(gathered, axis_name=AXIS, in_axes=(None, 0), out_axes=None)


def shard(tree: Any, devices: int) -> Any:
    """Splits the first axis of every array over devices: [B, ...] to [D, B/D, ...]."""
    return jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), tree)


def replicate(tree: Any) -> Any:
    """Puts a tree whole on each local device, as the steps want and return it."""
    mesh = jax.sharding.Mesh(np.array(jax.local_devices()), (AXIS,))
    return jax.device_put(tree, jax.NamedSharding(mesh, jax.P()))


def ahead(batches: Any) -> Any:
    """Yields batches of [D, ...], each on its way to the devices before its turn."""
    return jax_utils.prefetch_to_device(batches, AHEAD, axis_name=AXIS)
