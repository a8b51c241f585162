import shutil
import subprocess
import sys

import pytest

from pgd2jax.raster import atomic

WRITER = """
import sys
from pgd2jax.raster import atomic
with atomic.replacing(sys.argv[1]) as temporary:
    temporary.write_text("theirs")
    temporary.with_suffix(".tif.ovr.tmp").write_text("of a library")
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is at work on a file, until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "scene.tif")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path):
    with atomic.replacing(path) as temporary:
        temporary.write_text("ours")


def test_what_a_killed_process_left_is_removed(writer, tmp_path):
    writer.kill()
    writer.wait()
    (left,) = names_in(tmp_path)
    others = [".scene.20260101.tif", left.replace("scene", "scene.2")]
    (tmp_path / others[0]).touch()
    shutil.copytree(tmp_path / left, tmp_path / others[1])
    write(tmp_path / "scene.tif")
    assert names_in(tmp_path) == sorted([*others, "scene.tif"])
    assert (tmp_path / "scene.tif").read_text() == "ours"


def test_what_another_process_writes_is_left_to_it(writer, tmp_path):
    write(tmp_path / "scene.tif")
    assert len(names_in(tmp_path)) == 2
    writer.communicate("")
    assert writer.returncode == 0
    assert names_in(tmp_path) == ["scene.tif"]
    assert (tmp_path / "scene.tif").read_text() == "theirs"


def test_nothing_is_left_by_an_error(tmp_path):
    with pytest.raises(ValueError, match="full"), atomic.replacing(tmp_path / "a.npy"):
        raise ValueError("full")
    assert not names_in(tmp_path)


def test_file_has_the_permissions_of_any_other(tmp_path):
    write(tmp_path / "a.npy")
    (tmp_path / "b").touch()
    assert (tmp_path / "a.npy").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_places_that_cannot_be_written_are_told_before_any_work(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; make it"):
        atomic.check_folder(tmp_path / "no" / "a.tif")
    with pytest.raises(PermissionError, match="choose another place"):
        atomic.check_folder(tmp_path)
    atomic.check_new(tmp_path / "a.tif", overwrite=False)
    (tmp_path / "a.tif").touch()
    atomic.check_new(tmp_path / "a.tif", overwrite=True)
    with pytest.raises(FileExistsError, match="say --overwrite"):
        atomic.check_new(tmp_path / "a.tif", overwrite=False)


def test_the_mark_of_who_is_at_work_keeps_others_off(tmp_path):
    with atomic.temporary(tmp_path / "a.npy") as hidden:
        assert hidden.with_name(".lock").read_bytes()
        with open(hidden.with_name(".lock"), "r+b") as lock:
            assert not atomic._locked(lock)
