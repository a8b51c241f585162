"""The parallel steps: the only `pmap` of the project.

The state goes in and out unstacked (`in_axes=None`, `out_axes=None`), so that Orbax
saves it as it is; random keys belong to the number of an example, never to a device, so
that any number of devices takes the same step.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from pgd2jax.data import pairs
from pgd2jax.train.state import State

AXIS = "devices"


def draw_step(pair: Callable[[Any, jax.Array], pairs.Pair], key: jax.Array):
    """Compiles the making of a batch; apart from the step, so that each compiles once.

    Args:
        pair: (example, key) -> Pair, for one example.
        key: PRNG key of the run.

    Returns:
        (numbers [D, B/D] int32, examples {name: [D, B/D, ...]}) -> Pair of
        [D, B/D, ...]; examples are numbered over the whole run.
    """

    def draw(numbers, examples):
        keys = jax.vmap(functools.partial(jax.random.fold_in, key))(numbers)
        if jax.default_backend() == "cpu":
            # One by one: `vmap` turns each `cond` into both of its branches, and half
            # of what a scene may hold is absent.
            return jax.lax.map(lambda both: pair(*both), (examples, keys))
        return jax.vmap(pair)(examples, keys)

    return jax.pmap(draw, axis_name=AXIS)


def train_step(
    objective: Callable[[Any, pairs.Pair], tuple[jax.Array, dict[str, jax.Array]]],
    tx: optax.GradientTransformation,
    decay: float,
):
    """Compiles the training step over all local devices.

    Args:
        objective: (params, batch) -> (loss [B], {term: [B]}).
        tx: The optimiser.
        decay: Of the average of the weights, below 1.

    Returns:
        (state, batch [D, B/D, ...]) -> (state, {name: scalar}).
    """

    def step(state, batch):
        def mean_objective(params):
            loss, terms = objective(params, batch)
            terms = {name: term.mean() for name, term in terms.items()}
            return loss.mean(), {"loss": loss.mean(), **terms}

        grads, scalars = jax.grad(mean_objective, has_aux=True)(state.params)
        grads, scalars = jax.lax.pmean((grads, scalars), AXIS)
        updates, optimiser = tx.update(grads, state.optimiser, state.params)
        params = optax.apply_updates(state.params, updates)
        # A young average forgets fast, so that it never holds the first weights.
        age = state.step.astype(jnp.float32)
        keep = jnp.minimum(decay, (1 + age) / (10 + age))
        average = optax.incremental_update(params, state.average, 1 - keep)
        scalars["gradient_norm"] = optax.tree.norm(grads)
        return State(state.step + 1, params, average, optimiser), scalars

    return jax.pmap(
        step, axis_name=AXIS, in_axes=(None, 0), out_axes=None, donate_argnums=0
    )


def predict_step(predict: Callable[[Any, pairs.Pair], jax.Array]):
    """Compiles (params, batch [D, B/D, ...]) -> predictions [D, B/D, ...]."""
    return jax.pmap(predict, axis_name=AXIS, in_axes=(None, 0))


def shard(tree: Any, devices: int) -> Any:
    """Splits the first axis of every array over devices: [B, ...] to [D, B/D, ...]."""
    return jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), tree)
