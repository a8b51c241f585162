"""What a configuration makes the devices do: draw a batch, take a step, validate."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from pgd2jax import data, losses
from pgd2jax.data import pairs
from pgd2jax.sar import whitening
from pgd2jax.train import steps, timing, validation


def objective(model, weights: Mapping[str, float]):
    """Returns (params, batch) -> (loss [B], {term: [B]}) with these loss weights."""

    def loss(params, batch):
        estimate = model.apply({"params": params}, *batch.inputs)
        return losses.combined_loss(
            estimate, batch.intensity, batch.reference, **weights
        )

    return loss


class Program:
    """The compiled parts of a run.

    Attributes:
        draw: Makes a batch; see `steps.draw_step`.
        step: Takes a training step; see `steps.train_step`.
        checks: The validation.
        flop: Floating point operations of a step on one device, as three forwards.
    """

    def __init__(self, config, model, batches: data.Batches, tx):
        """Takes the configuration and what was made of it; nothing compiles yet."""
        augment = functools.partial(pairs.augment, **config.augment)

        def pair(example, key):
            drawn, changed = jax.random.split(key)
            made = batches.source.pair(example, drawn)
            if not model.whitens:  # Then none is worked out.
                made = made._replace(whitener=whitening.nothing())
            return augment(made, changed)

        self._batches = batches
        # Not the key that drew the weights.
        key = jax.random.key(config.seed + 1)
        self.draw = steps.draw_step(pair, key, batches.crops_per_tile)
        self.step = steps.train_step(
            objective(model, config.loss.to_dict()),
            tx,
            config.train.average_decay,
            config.train.accumulate,
        )
        self.checks = validation.Validation(
            batches.source.held_out("validation", config.train.eval_tiles),
            model,
            batches.batch_size,
        )
        crop, examples = config.data.crop, batches.batch_size // jax.device_count()
        self.flop = 3 * timing.forward_flop(model, (examples, crop, crop, 1))

    def batches(self, done: int) -> Iterator[Any]:
        """Yields what `draw` takes for each step after `done`, on the devices."""
        mine = self._batches.since(done, jax.process_index(), jax.process_count())
        shard = functools.partial(steps.shard, devices=jax.local_device_count())
        return steps.ahead(map(shard, mine))

    def batch(self, step: int) -> pairs.Pair:
        """Returns the batch that a step was given, [D, B/D, ...]."""
        return self.draw(*next(self.batches(step - 1)))
