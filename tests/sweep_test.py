import csv
import sys

import pytest

from pgd2jax import sweep
from pgd2jax.sweep import results, running
from pgd2jax.train import stopping


def plan(*flags):
    return sweep.plan(["main", *flags])


def test_all_combinations_of_the_values_are_run():
    found = plan("--config", "configs/quick.py:seed=0/1,width=8/16", "--workdir=runs")
    assert [run.name for run in found.runs] == [
        "seed=0,width=8",
        "seed=0,width=16",
        "seed=1,width=8",
        "seed=1,width=16",
    ]
    assert found.runs[1].flags == [
        "--config=configs/quick.py",
        "--config.seed=0",
        "--config.model.features=16",
        "--workdir=runs",
    ]
    assert found.folder == "runs/quick-sweep"


def test_a_value_named_config_is_no_flag():
    found = sweep.config_flag(["main", "--workdir", "config", "--config=a.py"])
    assert found == (slice(3, 4), "a.py")
    assert sweep.config_flag(["main", "--workdir", "config"]) is None
    assert sweep.config_flag(["main", "--config"]) is None


def test_single_values_make_one_run():
    found = plan("--config=configs/base.py:seed=3,width=96")
    assert len(found.runs) == 1
    assert found.argv == [
        "main",
        "--config=configs/base.py",
        "--config.seed=3",
        "--config.model.features=96",
    ]


def test_tuples_and_the_argument_of_a_configuration_stay_whole():
    found = plan("--config=f.py:unguided,model.denoise_depth=(1,1,1)/(2,2,2)")
    assert [run.flags for run in found.runs] == [
        ["--config=f.py:unguided", f"--config.model.denoise_depth={depth}"]
        for depth in ("(1,1,1)", "(2,2,2)")
    ]


@pytest.mark.parametrize("flags", [[], ["--config", "a.py"], ["--config=a.py:own"]])
def test_command_line_without_values_stays_as_it_is(flags):
    found = plan(*flags)
    assert len(found.runs) == bool(flags)
    assert "".join(found.argv[1:]).replace("=", "") == "".join(flags).replace("=", "")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--config=a.py:seed="], "lacks a value"),
        (["--config=a.py:seed=1//2"], "lacks a value"),
        (["--config=a.py:=3"], "lacks a name"),
        (["--config=a.py:seed=1,,width=8"], "lacks a name"),
        (["--config=a.py:seed=1/1"], "holds a value twice"),
        (["--config=a.py:width=8,model.features=9"], "gives model.features twice"),
        (["--config=a.py:seed=1/2", "--config.seed=3"], "leave one of them out"),
    ],
)
def test_what_cannot_be_expanded_says_why(flags, says):
    with pytest.raises(sweep.SweepError, match=says):
        plan(*flags)


# Stands for a training: writes its scalars, or fails for seed 2.
PROGRAM = """
import pathlib, sys
flags = dict(flag.split("=", 1) for flag in sys.argv if flag.startswith("--"))
seed = int(flags["--config.seed"])
folder = pathlib.Path(flags["--workdir"])
folder.mkdir(parents=True, exist_ok=True)
rows = ["step,name,value", "2,validation/rmse,9", f"4,validation/rmse,{seed + 1}",
        "4,validation/bias,0.5", "6,validation/rmse,8", "7,train/loss,3"]
(folder / "scalars.csv").write_text("\\n".join(rows))
sys.exit({2: 1, 3: 143}.get(seed, 0))
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    path = tmp_path / "stand_in.py"
    path.write_text(PROGRAM)
    monkeypatch.setattr(running, "PROGRAM", [sys.executable, str(path)])


def test_table_holds_best_steps_means_and_what_failed(tmp_path, stand_in):
    runs = plan("--config=a.py:seed=0/2/4").runs
    found = sweep.run(runs, tmp_path)
    assert [run.failed for run in found] == [False, True, False]
    assert found[0].steps == 7
    assert found[0].measures == {"rmse": 1, "bias": 0.5}
    with open(tmp_path / "sweep.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["result"] for row in rows] == [
        "finished",
        "failed",
        "finished",
        "mean",
        "standard deviation",
    ]
    assert float(rows[3]["rmse"]) == 3
    assert float(rows[4]["rmse"]) == pytest.approx(8**0.5)
    assert rows[3]["seed"] == "0/4"
    table = (tmp_path / "sweep.md").read_text().splitlines()
    assert table[0].startswith("| seed | result | steps | rmse, dB")
    assert table[2] == "| 0 | finished | 7 | 1.000 | 0.500 |"


def test_sweep_stops_where_a_run_was_stopped(tmp_path, stand_in):
    runs = plan("--config=a.py:seed=0/3/4").runs
    with pytest.raises(stopping.Stopped, match="run 2 of 3, seed=3") as stopped:
        sweep.run(runs, tmp_path)
    assert stopped.value.status == 143
    assert not (tmp_path / "sweep.md").exists()
    assert not (tmp_path / "seed=4").exists()


def test_run_without_steps_has_no_measures(tmp_path):
    assert results.measured(tmp_path) == (0, {})


def test_a_run_that_is_killed_has_the_status_that_shells_give():
    program = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    with running._Signals() as taken:
        assert taken.status([sys.executable, "-c", program]) == 143
