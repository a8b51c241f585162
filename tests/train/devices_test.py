import operator

import jax
import numpy as np
import pytest

from pgd2jax import configuration, data
from pgd2jax.data import pairs
from pgd2jax.sar import whitening
from pgd2jax.train import program, state, steps

STEPS = 20


@pytest.fixture(scope="module")
def losses(smoke_config):
    """Returns devices -> the loss of each step, and the weights after the last."""
    config = smoke_config()
    model = configuration.model(config.model, "float32")
    tx = state.optimiser(STEPS, **config.optimiser)
    rng = np.random.default_rng(0)
    shape = (STEPS, 8, 32, 32, 1)
    reference = rng.uniform(0.5, 2, shape).astype(np.float32)
    stored = {
        "reference": reference,
        "intensity": reference * rng.exponential(size=shape).astype(np.float32),
        "phase": rng.uniform(-3, 3, shape).astype(np.float32),
        "has_phase": np.ones(shape[:2], bool),
        "looks": np.ones(shape[:2], np.float32),
        "whitener": jax.tree.map(
            lambda known: np.broadcast_to(known, (*shape[:2], *known.shape)),
            whitening.nothing(),
        ),
    }

    def pair(example, key):
        return pairs.augment(
            pairs.normalise(pairs.Pair(**example)), key, **config.augment
        )

    def train(devices):
        draw = steps.draw_step(pair, jax.random.key(1), crops_per_tile=1)
        step = steps.train_step(
            program.objective(model, config.loss.to_dict()), tx, decay=0.9
        )
        now = state.create(model, tx, 0, model.stride)
        curve = []
        for number in range(STEPS):
            numbers = np.arange(8 * number, 8 * number + 8, dtype=np.int32)
            examples = jax.tree.map(operator.itemgetter(number), stored)
            batch = draw(*steps.shard((numbers, examples), devices))
            now, scalars = step(now, batch)
            curve.append(float(scalars["loss"]))
        return np.array(curve), jax.device_get(now.params)

    return {devices: train(devices) for devices in (1, 2, 8)}


@pytest.mark.parametrize("devices", [2, 8])
def test_loss_is_the_same_on_any_number_of_devices(losses, devices):
    one, params = losses[1]
    several, theirs = losses[devices]
    np.testing.assert_allclose(several, one, rtol=1e-5)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-4), params, theirs
    )


def test_endless_pairs_are_the_same_on_one_device_and_on_eight(smoke_config):
    source = data.create(**smoke_config().data, seed=0).source
    draw = steps.draw_step(source.pair, jax.random.key(1), crops_per_tile=1)
    numbers = np.arange(8, dtype=np.int32)
    one, eight = (draw(steps.shard(numbers, devices), {}) for devices in (1, 8))
    jax.tree.map(
        lambda ours, theirs: np.testing.assert_allclose(
            ours, theirs.reshape(ours.shape), rtol=1e-3, atol=1e-3
        ),
        one,
        eight,
    )
