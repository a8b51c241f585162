import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.train import state, steps


def start(value=0.0):
    tx = state.optimiser(
        10, muon=False, learning_rate=1.0, warmup_steps=0, weight_decay=0.0, clip=1.0
    )
    params = {"w": jnp.asarray(value)}
    counts = {n: jnp.zeros((), jnp.int32) for n in ("step", "skipped", "in_a_row")}
    average = {"w": jnp.ones(())}
    now = state.State(
        params=params, average=average, optimiser=tx.init(params), **counts
    )
    return now, tx


def distance(params, batch):
    return (params["w"] - batch) ** 2, {}


def test_average_of_weights_follows_slowly_and_starts_fast():
    now, tx = start()
    step = steps.train_step(lambda p, b: (p["w"] + b, {}), tx, decay=0.5)
    now, _ = step(now, np.zeros((8, 1), np.float32))
    # Keep 1/10 of the old average: AdamW's first step has length 1.
    assert float(now.average["w"]) == pytest.approx(0.1 * 1 + 0.9 * -1, abs=1e-3)


def test_step_that_is_not_finite_changes_nothing_but_the_counts():
    now, tx = start(1.0)
    step = steps.train_step(distance, tx, decay=0.5)
    good, bad = np.full((8, 1), 2.0, np.float32), np.full((8, 1), 2.0, np.float32)
    bad[3] = np.nan
    before = jax.device_get(now)
    for count in (1, 2):
        now, scalars = step(now, bad)
        assert (scalars["skipped"], scalars["in_a_row"]) == (count, count)
    assert now.step == 2
    for name in ("params", "average", "optimiser"):
        jax.tree.map(
            np.testing.assert_array_equal, getattr(before, name), getattr(now, name)
        )
    now, scalars = step(now, good)
    assert (scalars["skipped"], scalars["in_a_row"]) == (2, 0)
    assert float(now.params["w"]) == pytest.approx(2, abs=1e-3)


def test_gradient_that_overflows_is_skipped_though_the_loss_is_finite():
    now, tx = start()
    root = steps.train_step(lambda p, b: (jnp.sqrt(p["w"] + b), {}), tx, decay=0.5)
    now, scalars = root(now, np.zeros((8, 1), np.float32))
    assert scalars["loss"] == 0
    assert scalars["skipped"] == 1
    assert now.params["w"] == 0


def test_accumulated_gradient_is_that_of_the_whole_batch(rng):
    batch = rng.normal(size=(8, 6)).astype(np.float32)
    found = []
    for accumulate in (1, 3):
        now, tx = start()
        step = steps.train_step(distance, tx, 0.5, accumulate)
        _, scalars = step(now, batch)
        found.append(scalars)
    for name in ("loss", "gradient_norm"):
        assert float(found[0][name]) == pytest.approx(float(found[1][name]), rel=1e-5)


def test_batch_that_does_not_split_into_the_parts_says_so():
    now, tx = start()
    step = steps.train_step(distance, tx, 0.5, accumulate=4)
    with pytest.raises(ValueError, match=r"6 examples a device.*accumulate=4"):
        step(now, np.zeros((8, 6), np.float32))


def test_key_of_a_pair_belongs_to_its_number_and_not_to_its_place():
    def pair(example, key):
        return example["tile"], jax.random.bits(key)

    draw = steps.draw_step(pair, jax.random.key(3), crops_per_tile=2)
    numbers = np.arange(8, dtype=np.int32)
    examples = {"tile": 10 * numbers}
    tiles, bits = draw(*steps.shard((numbers, examples), 8))
    turned, other = draw(*steps.shard((numbers[::-1], {"tile": -numbers}), 4))
    np.testing.assert_array_equal(tiles.ravel(), np.repeat(10 * numbers, 2))
    np.testing.assert_array_equal(turned.ravel(), np.repeat(-numbers, 2))
    np.testing.assert_array_equal(
        bits.reshape(8, 2), np.asarray(other).reshape(8, 2)[::-1]
    )
    assert len(set(np.asarray(bits).ravel().tolist())) == 16
