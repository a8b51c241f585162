import numpy as np
import pytest

from pgd2jax import cli
from pgd2jax.infer import beam, jobs
from tests import safe

pytest.importorskip("apache_beam")


def test_a_pipeline_makes_what_one_by_one_does(tmp_path, smoke_run, capsys):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(3):
        np.save(source / f"{number}.npy", safe.slc((40, 30), seed=number))
    (source / "broken.tif").write_bytes(b"II*\0\x08\0\0\0")
    for folder, flags in (("alone", []), ("beam", ["--beam=--runner=DirectRunner"])):
        command = [
            "despeckle",
            str(source),
            f"--output={tmp_path / folder}",
            f"--weights={smoke_run}",
            *flags,
        ]
        assert cli.main(command) == 1
        assert "3 of 4 images despeckled" in capsys.readouterr().out
    for number in range(3):
        alone, beam = (
            np.load(tmp_path / f / f"{number}.npy") for f in ("alone", "beam")
        )
        np.testing.assert_array_equal(alone, beam)
    assert len(list((tmp_path / "beam").iterdir())) == 3


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("", "'' names no runner"),
        ("--runer=DirectRunner", "'--runer=DirectRunner' names no runner"),
        ("runner=FlinkRunner", "'runner=FlinkRunner' names no runner"),
        (
            "--runner=DirectRunner --direct_num_workers=two",
            "--direct_num_workers: invalid int value: 'two'.",
        ),
    ],
)
def test_a_pipeline_does_not_run_elsewhere_than_meant(tmp_path, capsys, flags, says):
    np.save(tmp_path / "in.npy", safe.slc((40, 30)))
    command = ["despeckle", str(tmp_path / "in.npy"), f"--output={tmp_path / 'out'}"]
    assert cli.main([*command, f"--beam={flags}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert not list((tmp_path / "out").glob("*"))


def test_a_runner_that_fails_is_told_in_a_sentence(tmp_path, smoke_run, monkeypatch):
    def fail(pipeline):
        raise RuntimeError("no job server\nat localhost")

    monkeypatch.setattr("apache_beam.Pipeline.run", fail)
    job = jobs.Job(tmp_path / "in.npy", None, tmp_path / "out.npy")
    network = (str(smoke_run), "auto", "auto")
    with pytest.raises(ValueError, match="the runner failed: no job server at local"):
        beam.run([job], network, {}, "--runner=DirectRunner")


def test_a_scene_that_a_runner_does_twice_has_not_failed(tmp_path, smoke_run):
    np.save(tmp_path / "in.npy", safe.slc((40, 30)))
    job = jobs.Job(tmp_path / "in.npy", None, tmp_path / "out.npy")
    for said in ("done", "is there already; passed over"):
        found = beam.despeckle(job, (str(smoke_run), "auto", "auto"), {"resume": True})
        assert found == f"{job.target}: {said}"
