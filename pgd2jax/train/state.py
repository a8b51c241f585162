"""The training state and its optimiser."""

import collections
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from optax import contrib


class State(struct.PyTreeNode):
    """All that training needs to go on; the same on every device.

    Attributes:
        step: Steps taken, int32.
        params: Weights.
        average: Exponential average of the weights; this is what is used.
        optimiser: State of the optimiser.
        skipped: Steps so far whose loss or gradient was not finite, int32.
        in_a_row: As many of them came last, one after the other, int32.
    """

    step: jax.Array
    params: Any
    average: Any
    optimiser: optax.OptState
    skipped: jax.Array
    in_a_row: jax.Array


def optimiser(
    num_steps: int,
    *,
    muon: bool,
    learning_rate: float,
    warmup_steps: int,
    weight_decay: float,
    clip: float,
) -> optax.GradientTransformation:
    """Returns Muon or AdamW with warm-up, cosine decay to 1 per cent, and clipping.

    Muon (Jordan, "Muon: an optimizer for hidden layers in neural networks", 2024) takes
    the kernels as matrices from all inputs of an output to the outputs; AdamW the rest.
    Its steps have the size of AdamW's (Liu et al., "Muon is scalable for LLM training",
    2025), so that one learning rate serves both.

    Args:
        num_steps: Of the whole run.
        muon: Take Muon for the kernels, but of the heads; else AdamW for all weights.
        learning_rate: At its peak.
        warmup_steps: Steps to the peak; at most half of the run.
        weight_decay: Of the same kernels.
        clip: Largest global norm of the gradient.
    """
    schedule = optax.warmup_cosine_decay_schedule(
        0.0,
        learning_rate,
        min(warmup_steps, num_steps // 2),
        num_steps,
        end_value=0.01 * learning_rate,
    )
    if muon:
        steps = _stacked(
            contrib.muon(
                schedule,
                adam_b2=0.99,
                weight_decay=weight_decay,
                consistent_rms=0.2,  # The root mean square of a step of AdamW.
                muon_weight_dimension_numbers=_matrices,
            )
        )
    else:
        steps = optax.adamw(
            schedule, b2=0.99, weight_decay=weight_decay, mask=_inner_kernels
        )
    return optax.chain(optax.clip_by_global_norm(clip), steps)


def _inner_kernels(params: Any) -> Any:
    """Returns which weights are kernels, but of the heads.

    Heads end in one channel, or in the four that unfold to it.
    """

    def chosen(path, weight):
        return path[-1].key == "kernel" and weight.shape[-1] > 4

    return jax.tree.map_with_path(chosen, params)


def _stacked(inner: optax.GradientTransformation) -> optax.GradientTransformation:
    """Has kernels of one shape step together, as one array with an axis more.

    Muon takes fifteen small products a kernel, each of which a GPU starts more slowly
    than it computes it.

    Args:
        inner: Takes ({shape: kernels}, [other weights]).
    """

    def stack(tree):
        kernels, others = collections.defaultdict(list), []
        chosen = jax.tree.leaves(_inner_kernels(tree))
        for weight, is_kernel in zip(jax.tree.leaves(tree), chosen, strict=True):
            (kernels[_shape(weight)] if is_kernel else others).append(weight)
        return {shape: jnp.stack(group) for shape, group in kernels.items()}, others

    def update(updates, state, params):
        (kernels, others), state = inner.update(stack(updates), state, stack(params))
        groups = {shape: iter(group) for shape, group in kernels.items()}
        others = iter(others)
        updates = jax.tree.map(
            lambda is_kernel, like: next(groups[_shape(like)] if is_kernel else others),
            _inner_kernels(updates),
            updates,
        )
        return updates, state

    return optax.GradientTransformation(
        lambda params: inner.init(stack(params)), update
    )


def _shape(weight: jax.Array) -> str:
    return "x".join(map(str, weight.shape))


def _matrices(stacked: tuple[dict[str, jax.Array], list[jax.Array]]) -> Any:
    """Returns the axes that Muon takes as rows and columns; None where AdamW steps."""
    kernels, others = stacked
    axes = {
        shape: contrib.MuonDimensionNumbers(tuple(range(1, group.ndim - 1)), -1)
        for shape, group in kernels.items()
    }
    return axes, [None] * len(others)


def begin_with(now: State, params: Any) -> State:
    """Returns a state before the first step with other weights, nested dicts.

    Raises:
        ValueError: if they are of another network.
    """
    if jax.tree.map(np.shape, now.params) != jax.tree.map(np.shape, params):
        raise ValueError("init_from: these are the weights of another network.")
    params = jax.tree.map(jnp.asarray, params)
    return now.replace(params=params, average=jax.tree.map(jnp.copy, params))


def create(
    model: nn.Module, tx: optax.GradientTransformation, seed: int, size: int
) -> State:
    """Returns the state before the first step."""
    image = jnp.ones((1, size, size, 1), jnp.float32)
    key = jax.random.key(seed)
    options = {}
    if jax.default_backend() == "cpu":
        # It runs once; its code is not worth three quarters of the time to compile it.
        options = {"xla_backend_optimization_level": 0}
    init = jax.jit(model.init, compiler_options=options)
    params = init(key, image, image)["params"]
    return State(
        step=jnp.zeros((), jnp.int32),
        params=params,
        average=jax.tree.map(jnp.copy, params),
        optimiser=tx.init(params),
        skipped=jnp.zeros((), jnp.int32),
        in_a_row=jnp.zeros((), jnp.int32),
    )
