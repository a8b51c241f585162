import csv
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from pgd2jax.train import loop, progress, stopping

FLAGS = os.environ["XLA_FLAGS"].replace("device_count=8", "device_count=1")
ENVIRONMENT = os.environ | {"XLA_FLAGS": FLAGS}


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Returns overrides for a run without an end on data that compile at once."""
    path = tmp_path_factory.mktemp("data") / "speckle.npy"
    noise = np.random.default_rng(0).normal(size=(2, 640, 640))
    np.save(path, (noise[0] + 1j * noise[1]).astype(np.complex64))
    return {"data.source": "merlin", "data.files": str(path), "train.num_steps": 10_000}


def start(workdir, options, process, port):
    command = [sys.executable, "-m", "pgd2jax.main", "--config=configs/smoke.py"]
    overrides = [f"--config.{name}={value}" for name, value in options.items()]
    place = [f"--coordinator=localhost:{port}", "--processes=2", f"--process={process}"]
    return subprocess.Popen(
        [*command, f"--workdir={workdir}", *place, *overrides],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def losses(workdir):
    with open(workdir / "scalars.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["name"] == "train/loss"]
    return np.array([float(row["value"]) for row in rows])


@pytest.fixture(scope="module")
def alone(tmp_path_factory, smoke_config, options):
    """Takes four steps in this process, on its eight devices."""
    workdir = tmp_path_factory.mktemp("alone")
    config = smoke_config()
    config.update_from_flattened_dict(options)

    def stop(self, step):
        if step == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress.Clock, "tick", stop)
        with pytest.raises(stopping.Stopped):
            loop.run(config, workdir)
    return losses(workdir)


@pytest.fixture
def started(tmp_path):
    """Returns a function that starts two processes of one run, in `tmp_path`."""

    def both(options):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        return [start(tmp_path, options, process, port) for process in range(2)]

    return both


@pytest.mark.slow
def test_the_first_of_two_processes_evaluates_when_they_are_done(
    tmp_path, options, started
):
    few = {"train.num_steps": 2, "evaluation.tiles": 1}
    processes = started(options | few | {"evaluation.methods": "('noisy', 'pgd2net')"})
    said = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert "report.html" in said[0][0]
    assert "report.html" not in said[1][0]
    assert (tmp_path / "evaluation" / "rows.json").exists()


@pytest.mark.slow
def test_two_processes_train_as_one_and_stop_as_one(tmp_path, options, started, alone):
    processes = started(options)
    while not (tmp_path / "checkpoints" / "4").exists():
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)
    processes[1].send_signal(signal.SIGTERM)
    said = [process.communicate(timeout=100)[1] for process in processes]
    assert [process.returncode for process in processes] == [143, 143], said
    last = max(int(path.name) for path in (tmp_path / "checkpoints").iterdir())
    assert all(f"stopped after step {last}, which is saved" in text for text in said)
    np.testing.assert_allclose(losses(tmp_path)[:4], alone, rtol=1e-5)
