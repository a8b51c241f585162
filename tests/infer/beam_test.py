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


def test_a_scene_that_a_runner_does_twice_has_not_failed(tmp_path, smoke_run):
    np.save(tmp_path / "in.npy", safe.slc((40, 30)))
    job = jobs.Job(tmp_path / "in.npy", None, tmp_path / "out.npy")
    for said in ("done", "is there already; passed over"):
        found = beam.despeckle(job, (str(smoke_run), "auto", "auto"), {"resume": True})
        assert found == f"{job.target}: {said}"
