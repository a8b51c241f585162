import functools
import pathlib

import numpy as np
import pytest

from pgd2jax import raster
from pgd2jax.infer import jobs, scene
from tests import safe


@pytest.fixture
def slc(tmp_path):
    np.save(tmp_path / "a.npy", safe.slc((48, 40)))
    return tmp_path / "a.npy"


def test_results_that_share_a_quicklook_are_refused(tmp_path, slc):
    raster.write(tmp_path / "a.tif", raster.read(slc))
    inputs, output = [slc, tmp_path / "a.tif"], tmp_path / "out"
    assert [job.target.name for job in jobs.plan(inputs, output)] == ["a.npy", "a.tif"]
    made = functools.partial(scene.results, quicklook=True, subtract_noise=False)
    with pytest.raises(ValueError, match=r"a\.png: would hold both .*a\.npy and"):
        jobs.plan(inputs, output, made=made)


@pytest.mark.parametrize("given", [".", "manifest.safe", "../{name}"])
def test_product_has_its_name_wherever_one_stands(tmp_path, monkeypatch, given):
    root = safe.Safe({"iw1-vv": safe.slc((40, 30))}).write(tmp_path)
    monkeypatch.chdir(root)
    given = pathlib.Path(given.format(name=root.name))
    (job,) = jobs.plan([given], tmp_path / "out")
    assert job.target.name == f"{root.stem}-iw1-vv.tif"


def test_file_that_may_not_be_looked_at_stops_none_of_the_others(
    tmp_path, slc, monkeypatch
):
    (tmp_path / "notes.dat").touch()
    (tmp_path / "notes.xml").touch()

    def refused(path, *args, opened=pathlib.Path.open):
        if path.name == "notes.xml":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args)

    monkeypatch.setattr(pathlib.Path, "open", refused)
    long = tmp_path / f"{'n' * 300}.npy"
    found = jobs.plan([tmp_path, long], tmp_path / "out")
    assert [job.source for job in found] == [slc, long]


def test_a_folder_may_have_a_dot_and_its_hidden_files_are_no_inputs(tmp_path, slc):
    np.save(tmp_path / ".b.npy", np.load(slc))
    np.savez(tmp_path / "c.npz", slc=np.load(slc))
    output = tmp_path / "run.2024"
    output.mkdir()
    (job,) = jobs.plan([slc], output)
    assert job.target == output / "a.npy"
    found = [job.target.name for job in jobs.plan([tmp_path], output)]
    assert found == ["a.npy", "c.npy"]


def test_patterns_of_layers_add_up_and_one_that_fits_none_is_kept(tmp_path):
    names = ("iw1-vv", "iw2-vh", "iw3-vv")
    root = safe.Safe(dict.fromkeys(names, safe.slc((40, 30)))).write(tmp_path)

    def layers(*patterns):
        return [job.layer for job in jobs.plan([root], tmp_path / "out", patterns)]

    assert layers("iw1-*", "*-vh") == ["iw1-vv", "iw2-vh"]
    assert layers("iw9-*") == ["iw9-*"]  # Opening the product will say so.
