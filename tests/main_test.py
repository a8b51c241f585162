import pathlib
import subprocess
import sys

import pytest

from pgd2jax import main
from pgd2jax.evaluation import records

REPOSITORY = pathlib.Path(__file__).parent.parent


def run(*arguments, timeout=300):
    return subprocess.run(
        [sys.executable, "-m", "pgd2jax.main", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--config configs/base.py"),
        (["--config", "configs/none.py"], "configs/none.py"),
        (
            ["--config", "configs/smoke.py", "--config.train.num_stepz=3"],
            """'num_stepz' Did you mean "num_steps" instead of "num_stepz"?""",
        ),
        (["--config=README.md"], "README.md"),
        (["--config", "configs/smoke.py", "--config.train.num_steps=x"], "num_steps"),
        (["--config", "configs/smoke.py", "--confg.seed=3"], "confg.seed"),
        (["--config", "configs/smoke.py", "seed=3"], "is no flag"),
        (["--config", "configs/smoke.py", "--config.train.nope=3"], "no value 'nope'"),
        (["--config=configs/smoke.py:seed=0/x"], "--config.seed=x"),
        (["--config=configs/smoke.py", "--processes=2"], "go together: HOST:PORT"),
        (
            ["--config=configs/smoke.py", "--config.evaluation.methods=('lea',)"],
            "no method 'lea'",
        ),
        (
            ["--config=configs/smoke.py", "--config.evaluation.tiles=-1"],
            "config.evaluation.tiles=-1 must be 0 or more",
        ),
        (
            ["--config", "configs/smoke.py", "--config.data.source=imagined"],
            "must be one of",
        ),
        (
            [
                "--config=configs/smoke.py",
                "--config.data.source=near_real",
                "--config.data.data_dir=none",
            ],
            "tfds_sar.build near_real",
        ),
    ],
)
def test_mistakes_end_in_one_sentence(tmp_path, arguments, says):
    result = run(*arguments, f"--workdir={tmp_path / 'run'}")
    assert result.returncode == 1
    (line,) = [x for x in result.stderr.splitlines() if x and not x.startswith("I")]
    assert line.startswith("pgd2jax.main: ")
    assert says in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(2, "No such file", "a.npy"), "a.npy: No such file"),
        (ValueError("a.npy: holds no data."), "a.npy: holds no data."),
        (
            ModuleNotFoundError("No module named 'configs'", name="configs"),
            "No module named 'configs'; start in the folder that holds configs, or "
            "install it.",
        ),
    ],
)
def test_errors_are_told_in_words(error, says):
    assert main._sentence(error) == says


@pytest.mark.slow
def test_smoke_configuration_trains_and_goes_on(tmp_path):
    first = run("--config", "configs/smoke.py", f"--workdir={tmp_path}")
    assert first.returncode == 0, first.stderr
    assert "validation rmse" in first.stdout
    assert "loss=" in first.stderr
    assert f"look at {tmp_path / 'report.html'}" in first.stdout
    rows = records.read(tmp_path / "evaluation").rows
    assert {row["method"] for row in rows} == {"noisy", "lee", "pgd2net"}
    page = (tmp_path / "report.html").read_text()
    assert "<figcaption>Training</figcaption>" in page
    assert "Configuration of the training" in page
    again = run("--config", "configs/smoke.py", f"--workdir={tmp_path}")
    assert again.returncode == 0, again.stderr
    assert "nothing is left to do" in again.stderr
    assert "look at" not in again.stdout
    assert "is there already; delete it to measure anew" in again.stdout
