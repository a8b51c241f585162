import numpy as np
import pytest

from pgd2jax import cli
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
