import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from pgd2jax.cli import main
from pgd2jax.evaluation.records import EvaluationError
from pgd2jax.report import encoding, page


def written(tmp_path, evaluation, **more):
    path = tmp_path / "report.html"
    page.write(path, evaluation, **more)
    return path.read_text()


def data_of(text):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(found.group(1))


def grey(address):
    png = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(png)))


def test_page_loads_nothing_and_shows_means_with_units_and_the_best(tmp_path, make):
    text = written(tmp_path, make())
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert not re.search(r"@import|url\((?!#)", text)
    assert "rmse, dB\N{NO-BREAK SPACE}↓" in text
    # Of 2, 3 and 4 dB the root mean square is 3.109.
    assert '<strong class="best">3.109</strong>' in text
    assert "pgd2jax evaluate --output x" in text


def test_images_hold_decibels_in_quarters_and_zero_for_no_data(tmp_path, make):
    evaluation = make()
    scene = data_of(written(tmp_path, evaluation))["scenes"][0]
    for name, expected in evaluation.images("scene-2").items():
        values = grey(scene["images"][name]).astype(float)
        found = np.where(values > 0, scene["low"] + (values - 1) * 0.25, np.nan)
        np.testing.assert_allclose(found, expected, atol=0.126)
    assert [scene["rows"], scene["cols"]] == [40, 48]


def test_worst_scenes_come_first_with_their_measures(tmp_path, make):
    scenes = data_of(written(tmp_path, make()))["scenes"]
    titles = [scene["title"] for scene in scenes]
    assert titles == [f"scene-{n}, rmse {2 + n:.3f} dB" for n in (2, 1, 0)]
    assert dict(scenes[0]["measures"])["lee"]["rmse"] == 6


def test_budget_leaves_the_better_scenes_out_and_says_so(tmp_path, make, monkeypatch):
    monkeypatch.setattr(page, "BUDGET", 12_000)
    text = written(tmp_path, make(scenes=6))
    scenes = data_of(text)["scenes"]
    assert 0 < len(scenes) < 6
    assert scenes[0]["title"].startswith("scene-5")
    assert f"{len(scenes)} of 6 scenes, the worst ones" in text


def test_large_scenes_show_their_middle_and_say_so(tmp_path, make, monkeypatch):
    monkeypatch.setattr(encoding, "LARGEST", 16)
    evaluation = make(scenes=1)
    text = written(tmp_path, evaluation)
    scene = data_of(text)["scenes"][0]
    found = grey(scene["images"]["lee"])
    whole = evaluation.images("scene-0")["lee"][12:28, 16:32]
    np.testing.assert_allclose(scene["low"] + (found - 1.0) * 0.25, whole, atol=0.126)
    assert (scene["top"], scene["left"]) == (12, 16)
    assert "the middle, 16 x 16 pixels" in text


def test_names_cannot_break_out_of_the_page(tmp_path, make):
    evil = "<script>alert(1)<!--"
    evaluation = make(scenes=1, names=["a"], methods=("noisy", evil))
    evaluation.about["command"] = "</code></script><img src=x>"
    text = written(tmp_path, evaluation, config={"x": "</pre><script>"})
    assert text.count("<script") == 3
    assert "<img" not in text
    assert dict(data_of(text)["scenes"][0]["measures"])[evil]["rmse"] == 4


def test_page_without_references_is_led_by_the_looks(tmp_path, make):
    text = written(tmp_path, make(scenes=1, reference=False))
    scene = data_of(text)["scenes"][0]
    assert "reference" not in scene["images"]
    assert scene["title"] == "scene-0, ENL 3.0"


def test_training_curves_and_configuration_are_shown(tmp_path, make):
    scalars = tmp_path / "scalars.csv"
    whole = "step,name,value\n1,train/loss,2\n2,train/loss,1.5\n"
    scalars.write_text(f"{whole}3,train/loss,")  # As a killed run leaves it.
    text = written(tmp_path, make(), scalars=scalars, config={"seed": 7})
    assert "<figcaption>Training</figcaption>" in text
    assert "&quot;seed&quot;: 7" in text
    assert "#000000" not in text[text.index("<svg") : text.rindex("</svg>")]


def test_empty_and_damaged_evaluations_are_told_and_leave_no_page(tmp_path, make):
    evaluation = make()
    with pytest.raises(ValueError, match="no rows"):
        written(tmp_path, evaluation._replace(rows=[]))
    (evaluation.folder / "scenes" / "scene-1.npz").write_bytes(b"PK broken")
    with pytest.raises(EvaluationError, match=r"scene-1\.npz"):
        written(tmp_path, evaluation)
    assert not (tmp_path / "report.html").exists()


def test_one_method_beside_the_noisy_image_has_no_differences_to_draw(tmp_path, make):
    folder = make(methods=("noisy", "lee")).folder
    assert main(["report", str(folder), f"--figures={tmp_path / 'figures'}"]) == 0
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"gallery-scene-1.pdf", "spread-rmse.pdf", "time-rmse.pdf"}


def test_command_writes_page_and_figures(tmp_path, make, capsys):
    folder = make().folder
    figures = tmp_path / "figures"
    assert main(["report", str(folder), f"--figures={figures}"]) == 0
    shown = capsys.readouterr().out.split()
    assert shown[0] == str(folder / "report.html")
    assert sorted(path.name for path in figures.iterdir()) == [
        "differences-rmse.pdf",
        "gallery-scene-1.pdf",
        "spread-rmse.pdf",
        "time-rmse.pdf",
    ]
    assert all(path.read_bytes()[:4] == b"%PDF" for path in figures.iterdir())


def test_command_on_a_folder_without_evaluation_ends_in_one_sentence(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "holds no whole evaluation" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_command_on_a_damaged_evaluation_ends_in_one_sentence(tmp_path, make, capsys):
    folder = make().folder
    rows = json.loads((folder / "rows.json").read_text())
    del rows["about"]["ours"]
    (folder / "rows.json").write_text(json.dumps(rows))
    assert main(["report", str(folder)]) == 1
    assert "holds no whole evaluation" in capsys.readouterr().err
    assert not (folder / "report.html").exists()


def test_page_opens_at_the_level_of_the_data(rng):
    decibel = 5 + rng.normal(size=(40, 40))
    decibel[:24] = np.nan
    shown = encoding.scene({"clean": decibel}, "clean")
    assert (shown["black"], shown["white"]) == (-10, 20)


def test_what_is_far_below_the_brightest_is_at_the_lowest_level(tmp_path, make):
    images = {"noisy": np.float32([[0, -63.5, -90, np.nan]])}
    scene = encoding.scene(images, "noisy")
    np.testing.assert_array_equal(grey(scene["images"]["noisy"]), [[255, 1, 1, 0]])
    assert scene["low"] == -63.5
    assert "no lower than 63.5 dB under the brightest" in written(tmp_path, make())
