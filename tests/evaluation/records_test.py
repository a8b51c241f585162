import os

import pytest

from pgd2jax.evaluation import records


def test_an_evaluation_replaces_another_whose_scenes_are_a_link(tmp_path):
    found, elsewhere = tmp_path / "found", tmp_path / "elsewhere"
    for number in (1, 2):
        with records.folder(found) as folder:
            (folder / records.SCENES / f"{number}.npz").touch()
            (folder / records.ROWS).write_text(str(number))
        if number == 1:
            (found / records.SCENES).rename(elsewhere)
            (found / records.SCENES).symlink_to(elsewhere)
            (found / "notes.txt").touch()
    assert (found / records.ROWS).read_text() == "2"
    assert [path.name for path in (found / records.SCENES).iterdir()] == ["2.npz"]
    assert [path.name for path in elsewhere.iterdir()] == ["1.npz"]
    assert {path.name for path in found.iterdir()} == {
        "rows.json",
        "scenes",
        "notes.txt",
    }
    assert sorted(tmp_path.iterdir()) == [elsewhere, found]


@pytest.mark.parametrize("moves", range(4))
def test_an_evaluation_that_cannot_be_replaced_stays(tmp_path, monkeypatch, moves):
    found, replace, done = tmp_path / "found", os.replace, []
    with records.folder(found) as folder:
        (folder / records.ROWS).write_text("1")

    def interrupted(old, new):
        if len(done) == moves:
            done.append(new)
            raise KeyboardInterrupt
        done.append(new)
        replace(old, new)

    def replaced():
        with records.folder(found) as folder:
            (folder / records.ROWS).write_text("2")
            monkeypatch.setattr(os, "replace", interrupted)

    with pytest.raises(KeyboardInterrupt):
        replaced()
    assert (found / records.ROWS).read_text() == "1"
    assert (found / records.SCENES).is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["found"]
