import csv
import importlib.util
import os
import typing

import numpy as np
import pytest
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.plugins.hparams import plugin_data_pb2

from pgd2jax.train import scalar_file, watch
from pgd2jax.train.watch import services

CONFIG = {"seed": 3, "model": {"features": 8, "heads": (1, 2)}}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in services.PATIENCE:
        monkeypatch.setenv(name, "")  # So that it becomes again what it was.
        monkeypatch.delenv(name)


def events(workdir):
    for path in sorted((workdir / "tensorboard").iterdir()):
        yield from event_file_loader.EventFileLoader(str(path)).Load()


def test_scalars_images_and_configuration_are_in_the_events(tmp_path):
    with watch.create(tmp_path, 0, CONFIG, tracker="") as watching:
        watching.scalars(5, {"train/loss": 0.25})
        watching.image(5, "tile", [np.ones((8, 8), np.float32)] * 3)
    values = {v.tag: v for event in events(tmp_path) for v in event.summary.value}
    assert values["train/loss"].tensor.float_val == [0.25]
    width, height, png = values["tile"].tensor.string_val
    assert (width, height) == (b"24", b"8")
    assert png.startswith(b"\x89PNG")
    plugin = values["_hparams_/session_start_info"].metadata.plugin_data.content
    found = plugin_data_pb2.HParamsPluginData.FromString(plugin).session_start_info
    assert found.hparams["seed"].number_value == 3
    assert found.hparams["model.heads"].string_value == "(1, 2)"


def test_run_that_goes_on_has_later_events_forgotten(tmp_path):
    for first in (0, 4):
        with watch.create(tmp_path, first, CONFIG, tracker="") as watching:
            watching.scalars(first + 2, {"train/loss": 1.0})
    starts = {e.step for e in events(tmp_path) if e.HasField("session_log")}
    assert starts == {1, 5}


def test_rows_after_the_restored_step_are_dropped(tmp_path):
    first = scalar_file.ScalarFile(tmp_path, 0)
    for step in (1, 2, 3):
        first.scalars(step, {"loss": step})
    first.close()
    with open(tmp_path / "scalars.csv", "a") as file:
        file.write("4,lo")  # Killed in mid-row.
    scalar_file.ScalarFile(tmp_path, 2).close()
    with open(tmp_path / "scalars.csv", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2"]


def test_service_that_is_not_installed_is_named(monkeypatch):
    watch.check("")
    with pytest.raises(ValueError, match="must be one of wandb, mlflow"):
        watch.check("neptune")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install wandb"):
        watch.check("wandb")


@pytest.mark.filterwarnings("ignore")  # Theirs.
@pytest.mark.parametrize("name", services.SERVICES)
def test_service_keeps_a_run_that_goes_on(tmp_path, monkeypatch, name):
    pytest.importorskip(name)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    for first in (0, 4):
        with watch.create(tmp_path, first, CONFIG, tracker=name) as watching:
            watching.scalars(first + 2, {"train/loss": 1.0})
            watching.image(first + 2, "tile", [np.ones((8, 8), np.float32)] * 3)
    assert (tmp_path / f"{name}_id.txt").read_text()


class Fake:
    """A service that notes what it is told, and stops answering at step 3."""

    told: typing.ClassVar = []

    def __init__(self, workdir, step, config):
        if config["seed"] != 3:
            raise RuntimeError("not logged in")

    def scalars(self, step, values):
        if step == 3:
            raise ConnectionError("gone")
        self.told.append((step, values))

    def close(self, failed):
        self.told.append(failed)


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setitem(services.SERVICES, "mlflow", Fake)
    monkeypatch.setattr(Fake, "told", [])
    return Fake.told


def test_service_has_less_patience_unless_told(tmp_path, fake, monkeypatch):
    monkeypatch.setenv("WANDB_FINISH_TIMEOUT", "600")
    services.Service("mlflow", tmp_path, 0, CONFIG)
    assert os.environ["WANDB_FINISH_TIMEOUT"] == "600"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"


def test_service_that_cannot_be_opened_is_named(tmp_path, fake):
    with (
        pytest.raises(
            ValueError, match=r"'mlflow' cannot be opened \(not logged in\); "
        ),
        watch.create(tmp_path, 0, CONFIG | {"seed": 4}, tracker="mlflow"),
    ):
        pass


def test_training_goes_on_without_a_service_that_answers_no_more(
    tmp_path, fake, caplog
):
    with watch.create(tmp_path, 0, CONFIG, tracker="mlflow") as watching:
        for step in range(1, 5):
            watching.scalars(step, {"loss": 1.0})
    assert fake == [(1, {"loss": 1.0}), (2, {"loss": 1.0})]
    assert caplog.text.count("takes no more of this run (gone)") == 1
    rows = scalar_file.read(tmp_path / "scalars.csv")
    assert [row.step for row in rows] == [1, 2, 3, 4]


def test_service_is_told_whether_the_run_broke_off(tmp_path, fake):
    with watch.create(tmp_path, 0, CONFIG, tracker="mlflow"):
        pass
    with (
        pytest.raises(KeyboardInterrupt),
        watch.create(tmp_path, 0, CONFIG, tracker="mlflow"),
    ):
        raise KeyboardInterrupt
    assert fake == [False, True]
