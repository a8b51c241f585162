import subprocess
import sys

import pytest

from pgd2jax.raster import atomic

WRITER = """
import sys
from pgd2jax.raster import atomic
with atomic.replacing(sys.argv[1]) as temporary:
    temporary.write_text("theirs")
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


def hidden_in(folder):
    return sorted(path.name for path in folder.glob(".*"))


def write(path):
    with atomic.replacing(path) as temporary:
        temporary.write_text("ours")


def test_what_a_killed_process_left_is_removed(writer, tmp_path):
    writer.kill()
    writer.wait()
    others = [".scene.2.0123abcd.tif", ".scene.0123abcd.npy", ".scene.tif"]
    for name in others:
        (tmp_path / name).touch()
    assert len(hidden_in(tmp_path)) == 4
    write(tmp_path / "scene.tif")
    assert hidden_in(tmp_path) == sorted(others)
    assert (tmp_path / "scene.tif").read_text() == "ours"


def test_what_another_process_writes_is_left_to_it(writer, tmp_path):
    write(tmp_path / "scene.tif")
    assert len(hidden_in(tmp_path)) == 1
    writer.communicate("")
    assert writer.returncode == 0
    assert not hidden_in(tmp_path)
    assert (tmp_path / "scene.tif").read_text() == "theirs"


def test_no_file_is_left_by_an_error(tmp_path):
    with pytest.raises(ValueError, match="full"), atomic.replacing(tmp_path / "a.npy"):
        raise ValueError("full")
    assert not list(tmp_path.iterdir())
