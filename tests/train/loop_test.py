import csv
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax import checkpoints, configuration, data
from pgd2jax.data import pairs
from pgd2jax.train import averages, loop, program, progress, state, steps


def leaves(tree):
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def state_of(workdir, step, config):
    model = configuration.model(config.model, "float32")
    tx = state.optimiser(config.train.num_steps, **config.optimiser)
    like = state.create(model, tx, config.seed, model.stride)
    found, restored = checkpoints.Checkpoints(workdir).restore_newest(like)
    assert found == step
    return restored


def test_smoke_run_leaves_checkpoints_scalars_images_and_its_config(
    smoke_run, smoke_config
):
    steps_saved = {p.name for p in (smoke_run / "checkpoints").iterdir()}
    assert steps_saved == {"2", "4"}
    assert json.loads((smoke_run / "config.json").read_text())["model"]["features"] == 8
    with open(smoke_run / "scalars.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row["name"] for row in rows}
    terms = set(smoke_config().loss)
    assert {f"train/{term}" for term in {"loss", *terms}} <= names
    assert {"validation/rmse", "validation/sum_ratio"} <= names
    assert all(math.isfinite(float(row["value"])) for row in rows)
    (events,) = (smoke_run / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"validation/rmse" in content
    assert b"PNG" in content


def test_resumed_run_equals_an_unbroken_one(tmp_path, smoke_config):
    config = smoke_config()
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    loop.run(config, unbroken)

    class Killed(Exception):
        pass

    save = checkpoints.Checkpoints.save

    def save_and_die(self, *args):
        save(self, *args)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "save", save_and_die)
        with pytest.raises(Killed):
            loop.run(config, broken)
    state_of(broken, 2, config)
    loop.run(config, broken)
    whole, resumed = (state_of(path, 4, config) for path in (unbroken, broken))
    for ours, theirs in zip(leaves(whole), leaves(resumed), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loop.run(config, broken) == {}


def test_another_network_in_the_same_folder_is_refused(smoke_run, smoke_config):
    config = smoke_config()
    config.model.features = 16
    with pytest.raises(loop.TrainingError, match=r"another model\.features"):
        loop.run(config, smoke_run)


@pytest.mark.parametrize(
    ("group", "name", "value", "message"),
    [
        ("data", "batch_size", 9, "divide by the 8 devices"),
        ("data", "crop", 40, "stride"),
    ],
)
def test_what_does_not_divide_is_named(
    tmp_path, smoke_config, group, name, value, message
):
    config = smoke_config()
    config[group][name] = value
    with pytest.raises(loop.TrainingError, match=message):
        loop.run(config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoints(
    tmp_path, smoke_config
):
    config = smoke_config()
    config.optimiser.learning_rate = 1e30
    config.train.num_steps = 6
    with pytest.raises(loop.TrainingError, match="not finite"):
        loop.run(config, tmp_path)


def test_one_device_takes_the_same_steps_as_eight(smoke_config):
    config = smoke_config()
    model = configuration.model(config.model, "float32")
    tx = state.optimiser(5, **config.optimiser)
    rng = np.random.default_rng(0)
    shape = (5, 8, 32, 32, 1)
    reference = rng.uniform(0.5, 2, shape).astype(np.float32)
    stored = {
        "reference": reference,
        "intensity": reference * rng.exponential(size=shape).astype(np.float32),
        "phase": rng.uniform(-3, 3, shape).astype(np.float32),
        "has_phase": np.ones(shape[:2], bool),
        "looks": np.ones(shape[:2], np.float32),
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
        for number in range(5):
            numbers = np.arange(8 * number, 8 * number + 8, dtype=np.int32)
            examples = {name: x[number] for name, x in stored.items()}
            batch = draw(*steps.shard((numbers, examples), devices))
            now, scalars = step(now, batch)
        return now, scalars

    eight, its_scalars = train(8)
    one, scalars = train(1)
    for ours, theirs in zip(leaves(one.params), leaves(eight.params), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert float(scalars["loss"]) == pytest.approx(float(its_scalars["loss"]), rel=1e-4)


def test_endless_pairs_are_the_same_on_one_device_and_on_eight(smoke_config):
    source = data.create(**smoke_config().data, seed=0).source
    draw = steps.draw_step(source.pair, jax.random.key(1), crops_per_tile=1)
    numbers = np.arange(8, dtype=np.int32)
    one, eight = (draw(steps.shard(numbers, devices), {}) for devices in (1, 8))
    for ours, theirs in zip(leaves(one), leaves(eight), strict=True):
        theirs = theirs.reshape(ours.shape)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_time_of_a_long_run_on_a_cpu_is_told_with_ways_to_shorten_it(caplog):
    clock = progress.Clock(first=4, num_steps=10**9)
    for step in (5, 6, 7):
        clock.tick(step)
    (warning,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert "hours" in warning
    assert "configs/small.py" in warning


def test_average_of_weights_follows_slowly_and_starts_fast():
    tx = state.optimiser(
        10, learning_rate=1.0, warmup_steps=0, weight_decay=0.0, clip=1.0
    )
    params = {"w": jnp.zeros(())}
    now = state.State(
        jnp.zeros((), jnp.int32),
        params,
        {"w": jnp.ones(())},
        tx.init(params),
        jnp.zeros((), jnp.int32),
        jnp.zeros((), jnp.int32),
    )
    batch = np.zeros((8, 1), np.float32)
    step = steps.train_step(lambda p, b: (p["w"] + b, {}), tx, decay=0.5)
    now, _ = step(now, batch)
    # Keep 1/10 of the old average: AdamW's first step has length 1.
    assert float(now.average["w"]) == pytest.approx(0.1 * 1 + 0.9 * -1, abs=1e-3)


def test_averages_weigh_every_value_alike():
    means = averages.Averages()
    means.add({"a": np.array([1.0, 2.0])})
    means.add({"a": 6.0})
    assert means.take() == {"a": 3.0}
    assert means.take() == {}


def test_rows_after_the_restored_step_are_dropped(tmp_path):
    from pgd2jax.train.watch import scalar_file

    first = scalar_file.ScalarFile(tmp_path, 0)
    for step in (1, 2, 3):
        first.scalars(step, {"loss": step})
    first.close()
    with open(tmp_path / "scalars.csv", "a") as file:
        file.write("4,lo")  # Killed in mid-row.
    scalar_file.ScalarFile(tmp_path, 2).close()
    with open(tmp_path / "scalars.csv", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2"]
