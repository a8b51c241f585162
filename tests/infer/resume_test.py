import os
import shutil
import types

import jax
import numpy as np
import pytest
from PIL import Image

from pgd2jax import infer, raster
from pgd2jax.infer import scene
from tests import safe


@pytest.mark.parametrize("stop", [1, 3])
def test_a_stopped_run_goes_on_from_its_finished_rows(tmp_path, far, stop):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.tif"
    np.save(source, safe.slc((200, 50)))
    scene.despeckle(far, source, tmp_path / "whole.tif", tile=16)
    reads = []

    def interrupt(done, total):
        reads.append(done)
        if len(reads) == stop:  # Bands, as each has one tile.
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.despeckle(far, source, target, tile=16, resume=True, progress=interrupt)
    assert not target.exists()
    kept = {path.name for path in tmp_path.iterdir()} - {"slc.npy", "whole.tif"}
    assert kept == {".clean.tif.rows", ".clean.tif.rows.json"}
    with open(tmp_path / ".clean.tif.rows", "ab") as file:
        file.write(b"cut")  # Of a row that was being written.
    first = []
    scene.despeckle(
        far, source, target, tile=16, resume=True, progress=lambda d, _: first.append(d)
    )
    assert (first[0] > reads[0]) == (stop == 3)
    whole = raster.read(tmp_path / "whole.tif").pixels
    np.testing.assert_allclose(raster.read(target).pixels, whole, rtol=1e-5)
    assert {path.name for path in tmp_path.iterdir()} == {
        "slc.npy",
        "whole.tif",
        "clean.tif",
    }


@pytest.fixture
def stopped(tmp_path, far):
    """Stops a run after two bands, and returns its source and target."""
    source, target = tmp_path / "slc.npy", tmp_path / "clean.npy"
    np.save(source, safe.slc((200, 50)))

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.despeckle(far, source, target, tile=16, resume=True, progress=interrupt)
    assert (tmp_path / ".clean.npy.rows").stat().st_size > 0
    return source, target


def test_rows_of_other_pixels_are_not_taken_up(stopped, far, caplog):
    source, target = stopped
    about = source.stat()
    np.save(source, 3 * safe.slc((200, 50)))  # As by another byte order in a header.
    os.utime(source, ns=(about.st_atime_ns, about.st_mtime_ns))
    scene.despeckle(far, source, target, tile=16, resume=True)
    assert "made otherwise" in caplog.text
    expected = far(np.load(source), tile=16)
    np.testing.assert_allclose(np.load(target), expected, rtol=1e-5)


@pytest.mark.parametrize("change", [{"layer": "s3-hv"}, {"looks": 4}, {}])
def test_rows_made_otherwise_are_not_taken_up(tmp_path, far, caplog, change):
    target, amplitude = tmp_path / "clean.npy", np.abs(safe.slc((200, 50)))
    source = safe.Safe({"s3-hh": amplitude, "s3-hv": amplitude}).write(tmp_path)
    begin = {"layer": "s3-hh", "looks": 3, "tile": 16, "resume": True}

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.despeckle(far, source, target, **begin, progress=interrupt)
    if not change:
        params = jax.tree.map(lambda x: 1.1 * x, far.params)
        far = infer.Despeckler(far.model, params, config={})
    scene.despeckle(far, source, target, **begin | change)
    assert "made otherwise" in caplog.text
    again = target.with_stem("again")
    scene.despeckle(far, source, again, **begin | change)
    np.testing.assert_array_equal(np.load(target), np.load(again))


def test_a_result_that_came_meanwhile_is_not_replaced(stopped, far):
    source, target = stopped
    target.write_bytes(b"of another run")
    with pytest.raises(FileExistsError):
        scene.despeckle(far, source, target, resume=True)
    assert target.read_bytes() == b"of another run"


def test_two_runs_of_one_result_do_not_mix_their_rows(stopped, far):
    source, target = stopped
    rows = target.with_name(".clean.npy.rows")

    def meanwhile(done, total):
        os.truncate(rows, 400)  # Another run begins.

    with pytest.raises(raster.RasterError, match=r"^\S*clean\.npy: another"):
        scene.despeckle(far, source, target, tile=16, resume=True, progress=meanwhile)
    assert not target.exists()


def test_rows_of_another_run_are_not_added_to(stopped, far):
    source, target = stopped
    about = target.with_name(".clean.npy.rows.json")

    def meanwhile(done, total):
        about.write_bytes(b"\xff")  # One with other weights begins, and kept as many.

    with pytest.raises(raster.RasterError, match=r"^\S*clean\.npy: another"):
        scene.despeckle(far, source, target, tile=16, resume=True, progress=meanwhile)
    assert not target.exists()


def test_what_a_stopped_run_left_beside_a_result_is_no_hindrance(stopped, far):
    source, target = stopped
    target.with_suffix(".png").write_bytes(b"of the run that was stopped")
    options = {"quicklook": True, "tile": 16}
    for how in ({}, {"resume": True}):  # Of another result no run was stopped.
        (target.parent / "other.png").write_bytes(b"a photograph")
        with pytest.raises(FileExistsError):
            scene.despeckle(far, source, target.with_stem("other"), **options, **how)
    with pytest.raises(FileExistsError):
        scene.despeckle(far, source, target, **options)
    scene.despeckle(far, source, target, resume=True, **options)
    with Image.open(target.with_suffix(".png")) as look:
        assert look.size == (50, 200)


def test_rows_of_a_stopped_run_go_with_the_result(stopped, far):
    source, target = stopped
    scene.despeckle(far, source, target)
    assert {path.name for path in target.parent.iterdir()} == {"slc.npy", "clean.npy"}


@pytest.mark.parametrize("damage", ["image", "rows", "text"])
def test_rows_of_another_image_or_damaged_are_not_taken_up(tmp_path, far, damage):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.npy"
    np.save(source, safe.slc((164, 50)))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.despeckle(far, source, target, tile=16, resume=True, progress=interrupt)
    if damage == "image":
        np.save(source, 7 * safe.slc((164, 50), seed=3))
    elif damage == "rows":
        (tmp_path / ".clean.npy.rows").write_bytes(b"\xff" * 165 * 50 * 4)
    else:
        (tmp_path / ".clean.npy.rows.json").write_text("{")
    scene.despeckle(far, source, target, tile=16, resume=True)
    scene.despeckle(far, source, tmp_path / "again.npy", tile=16)
    np.testing.assert_array_equal(np.load(target), np.load(tmp_path / "again.npy"))


def test_room_is_needed_for_the_rows_that_are_kept_too(tmp_path, far, monkeypatch):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.npy"
    np.save(source, safe.slc((200, 50)))
    free = types.SimpleNamespace(free=60_000)  # A result takes 40,000.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(raster.RasterError, match=r"may take 8e-05 GB.*make room"):
        scene.despeckle(far, source, target, tile=16, resume=True)
    scene.despeckle(far, source, target, tile=16)


def test_a_resumed_run_needs_no_room_for_the_rows_it_has(stopped, far, monkeypatch):
    free = types.SimpleNamespace(free=70_000)  # Of 80,000 for a result and its rows.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    scene.despeckle(far, *stopped, tile=16, resume=True)
