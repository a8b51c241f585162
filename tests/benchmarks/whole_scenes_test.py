import sys

from benchmarks import scenes


def test_a_scene_is_timed_from_file_to_file(monkeypatch, capsys, tmp_path):
    arguments = ["--size", "320", "--weights", "small", "--tile", "64"]
    arguments += ["--dtype", "complex_int16", "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["scenes.py", *arguments])
    scenes.main()
    told = capsys.readouterr().out
    assert told.count("Mpixel/s") >= 3
    assert not list(tmp_path.iterdir())
