import os
import signal

import pytest

from pgd2jax.cli import main
from pgd2jax.evaluation import records, running


@pytest.mark.slow
def test_command_evaluates_a_time_series(tmp_path, dates, smoke_run, capsys):
    target = tmp_path / "found"
    code = main(
        [
            "evaluate",
            f"--weights={smoke_run}",
            "--stack",
            *map(str, dates),
            "--methods=noisy,lee,pgd2net",
            "--region=0:32,0:32",
            f"--output={target}",
        ]
    )
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert "rmse, dB ↓" in shown.out
    assert len(records.read(target).rows) == 18


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--methods=lea"], "no method 'lea'"),
        (["--references=x.tif"], "--references belong to --files"),
        (["--region=0:32,0:32"], "--region belongs to"),
        (["--canonical=0"], "one draw"),
        (["--canonical=1", "--scenes=2"], "--scenes belongs to --data"),
        (["--stack=dates", "--split=train"], "--split belongs to --data"),
        (["--canonical=1", "--looks=4"], "are of one look"),
        (["--pixels=slc"], "--pixels belongs to"),
        (["--data=simulatd"], "it is called simulated, near_real, stack-..."),
        (["--files=none.tif"], "none.tif"),
        (["--data_dir=nowhere"], "tfds_sar.build simulated"),
        (["--canonical=1", "--output=no/such/folder"], "does not exist"),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, says, smoke_run, capsys):
    assert main(["evaluate", f"--weights={smoke_run}", *arguments]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("pgd2jax: ")
    assert says in line


def test_a_command_that_is_terminated_cleans_up(tmp_path, smoke_run, monkeypatch):
    def terminate(*_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(running, "rows", terminate)
    before = signal.getsignal(signal.SIGTERM)
    given = ["--canonical=1", f"--output={tmp_path / 'found'}"]
    assert main(["evaluate", f"--weights={smoke_run}", *given]) == 143
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("region", ["32", "5:5,0:9", "0:9,9:0", "a:b,c:d"])
def test_regions_that_are_none_are_refused(region, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "--files=x.npy", f"--region={region}"])
    assert "100:132,40:72" in capsys.readouterr().err
