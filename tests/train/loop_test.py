import csv
import json
import math
import os
import shutil
import signal

import jax
import numpy as np
import pytest

from pgd2jax import checkpoints, configuration
from pgd2jax.data import pairs
from pgd2jax.sar import whitening
from pgd2jax.train import (
    folder,
    loop,
    progress,
    state,
    steps,
    stopping,
    validation,
    watch,
)
from tests import damage


def leaves(tree):
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def scalars(workdir, name):
    with open(workdir / "scalars.csv", newline="") as file:
        return [row["value"] for row in csv.DictReader(file) if row["name"] == name]


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


def stop_after(step, monkeypatch):
    """Has SIGTERM come while that step is taken."""
    tick = progress.Clock.tick

    def tick_and_stop(self, number):
        tick(self, number)
        if number == step:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(progress.Clock, "tick", tick_and_stop)


def test_run_that_is_told_to_stop_goes_on_as_if_it_had_not_been(
    tmp_path, smoke_run, smoke_config
):
    config = smoke_config()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(1, patch)
        with pytest.raises(stopping.Stopped, match="step 1, which is saved") as stopped:
            loop.run(config, tmp_path)
    assert stopped.value.status == 143
    assert signal.getsignal(signal.SIGTERM) == before
    state_of(tmp_path, 1, config)
    loop.run(config, tmp_path)
    whole, resumed = (state_of(path, 4, config) for path in (smoke_run, tmp_path))
    for ours, theirs in zip(leaves(whole), leaves(resumed), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert scalars(smoke_run, "train/loss") == scalars(tmp_path, "train/loss")
    assert loop.run(config, tmp_path) == {}


def stop_before(of, method, monkeypatch):
    """Has SIGTERM come before a method is called."""
    whole = getattr(of, method)

    def stopped(*args, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return whole(*args, **options)

    monkeypatch.setattr(of, method, stopped)


@pytest.mark.parametrize(
    ("of", "method"),
    [(validation.Validation, "measure"), (checkpoints.Checkpoints, "close")],
)
def test_a_signal_at_the_end_stops_the_run_and_cuts_no_checkpoint_short(
    tmp_path, smoke_config, monkeypatch, of, method
):
    config = smoke_config()
    config.train.num_steps = config.train.checkpoint_every
    with monkeypatch.context() as patch:
        stop_before(of, method, patch)
        with pytest.raises(stopping.Stopped, match="step 2, which is saved"):
            loop.run(config, tmp_path)
    state_of(tmp_path, 2, config)
    assert loop.run(config, tmp_path) == {}


def test_two_runs_in_one_folder_do_not_mix(tmp_path, smoke_config):
    with (
        folder.alone(tmp_path),
        pytest.raises(ValueError, match=rf"^{tmp_path}: another training is at work"),
    ):
        loop.run(smoke_config(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_run_goes_on_with_the_checkpoint_before_a_damaged_one(
    tmp_path, smoke_run, smoke_config, caplog
):
    workdir = tmp_path / "run"
    shutil.copytree(smoke_run, workdir)
    damage.flip(damage.largest_array(workdir / "checkpoints" / "4" / "state"))
    loop.run(smoke_config(), workdir)
    (warning,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert "checkpoints/4" in warning
    assert "and not used" in warning
    (aside,) = (workdir / "damaged").iterdir()
    assert aside.name.startswith("4-")
    whole, repaired = (
        state_of(path, 4, smoke_config()) for path in (smoke_run, workdir)
    )
    for ours, theirs in zip(leaves(whole), leaves(repaired), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_run_without_a_finite_loss_stops_and_keeps_the_batch(
    tmp_path, smoke_config, monkeypatch
):
    config = smoke_config()
    config.train.max_skipped = 2
    draw_step = steps.draw_step

    def spoiled(*arguments):
        draw = draw_step(*arguments)

        def spoil(*tiles):
            batch = draw(*tiles)
            return batch._replace(reference=math.nan * batch.reference)

        return spoil

    monkeypatch.setattr(steps, "draw_step", spoiled)
    with pytest.raises(loop.TrainingError, match="in 2 steps in a row") as raised:
        loop.run(config, tmp_path)
    (path,) = (tmp_path / "not_finite").iterdir()
    assert str(path) in str(raised.value)
    with np.load(path) as batch:
        told = {*pairs.Pair._fields, *whitening.Whitener._fields} - {"whitener"}
        assert set(batch) == told
        assert batch["intensity"].shape == (8, 1, 32, 32, 1)
        assert np.isnan(batch["reference"]).all()


def test_network_that_is_not_finite_stops_the_run(tmp_path, smoke_config, monkeypatch):
    monkeypatch.setattr(
        validation.Validation, "despeckle", lambda *_: np.full((2, 256, 256), np.nan)
    )
    with pytest.raises(loop.TrainingError, match="network is not finite"):
        loop.run(smoke_config(), tmp_path)
    assert not list((tmp_path / "checkpoints").iterdir())


def test_damaged_configuration_of_a_run_is_named(tmp_path, smoke_config):
    (tmp_path / "config.json").write_text('{"model"')
    with pytest.raises(ValueError, match=r"config\.json: is damaged"):
        loop.run(smoke_config(), tmp_path)


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("model", "features", 16),
        ("augment", "phase_dropout", 0.9),
        ("train", "eval_tiles", 1),
        ("optimiser", "muon", False),
    ],
)
def test_another_run_in_the_same_folder_is_refused_and_changes_nothing(
    smoke_run, smoke_config, group, name, value
):
    config, before = smoke_config(), (smoke_run / "config.json").read_text()
    assert config[group][name] != value
    config[group][name] = value
    config.train.num_steps += 2
    says = "another optimiser" if group == "optimiser" else f"another {group}.{name};"
    with pytest.raises(ValueError, match=says):
        loop.run(config, smoke_run)
    assert (smoke_run / "config.json").read_text() == before


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("optimiser", "learning_rate", 0.1),
        ("loss", "clean", 5.0),
        ("train", "num_steps", 1),
    ],
)
def test_a_run_that_is_done_is_not_taken_for_that_of_other_rates(
    smoke_run, smoke_config, group, name, value
):
    assert loop.run(smoke_config(), smoke_run) == {}
    config = smoke_config()
    config[group][name] = value
    with pytest.raises(ValueError, match=f"is done, with another {group}.{name};"):
        loop.run(config, smoke_run)


def test_a_run_may_end_earlier_than_was_planned(tmp_path, smoke_config, monkeypatch):
    config = smoke_config()
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        with pytest.raises(stopping.Stopped):
            loop.run(config, tmp_path)
    config.train.num_steps = 2
    assert loop.run(config, tmp_path) == {}


def test_steps_that_are_added_take_the_report_of_those_before_away(
    tmp_path, smoke_run, smoke_config, monkeypatch
):
    workdir = tmp_path / "run"
    shutil.copytree(smoke_run, workdir)
    (workdir / folder.REPORT).write_text("of step 4")
    config, noted = smoke_config(), (workdir / "config.json").read_text()
    assert loop.run(config, workdir) == {}
    config.train.num_steps += 2
    with monkeypatch.context() as patch:
        patch.setattr(watch, "create", refuse)
        with pytest.raises(ValueError, match="cannot be opened"):
            loop.run(config, workdir)
    assert (workdir / folder.REPORT).exists()
    assert (workdir / "config.json").read_text() == noted
    loop.run(config, workdir)
    assert not (workdir / folder.REPORT).exists()


def refuse(*args):
    raise ValueError("cannot be opened")


@pytest.mark.parametrize(
    ("group", "name", "value", "message"),
    [
        ("data", "batch_size", 9, "divide by the 8 devices"),
        ("data", "crop", 40, "stride"),
        ("data", "crops_per_tile", 0, r"data\.crops_per_tile=0 must be 1 or more"),
        ("train", "log_every", -1, r"train\.log_every=-1 must be 1 or more"),
        ("optimiser", "clip", -1.0, r"optimiser\.clip=-1\.0 must be 1e-12"),
        ("data", "crops_per_tile", 2, "the crops of a tile"),
        ("train", "accumulate", 2, "devices times"),
    ],
)
def test_values_that_cannot_be_are_named(
    tmp_path, smoke_config, group, name, value, message
):
    config = smoke_config()
    config[group][name] = value
    with pytest.raises(loop.TrainingError, match=message):
        loop.run(config, tmp_path)
    assert not list(tmp_path.iterdir())


def test_refused_network_leaves_the_folder_to_another(tmp_path, smoke_config):
    config = smoke_config()
    config.model.exchange = "none"
    with pytest.raises(ValueError, match="exchange='none' must be one of"):
        loop.run(config, tmp_path)
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize(
    ("level", "says"), [(1, "reference is 0 all over"), (np.nan, "not finite any more")]
)
def test_a_measure_that_is_not_finite_tells_the_tiles_from_the_network(
    tmp_path, smoke_config, monkeypatch, level, says
):
    whole = validation.Validation.despeckle
    monkeypatch.setattr(
        validation.Validation, "despeckle", lambda *args: level * whole(*args)
    )
    monkeypatch.setattr(
        validation.Validation, "measure", lambda *args: {"rmse": math.nan}
    )
    with pytest.raises(loop.TrainingError, match=says):
        loop.run(smoke_config(), tmp_path)
