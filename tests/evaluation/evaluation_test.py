import json
import shutil

import numpy as np
import pytest
import tifffile

from pgd2jax.data import tiles
from pgd2jax.evaluation import canonical, cases, methods, records, running, statistics
from pgd2jax.metrics.measures import MEASURES
from pgd2jax.sar import canonical as grounds
from tests import safe


def evaluated(scenes, *names, keep=None):
    return list(running.rows(scenes.scenes, methods.create(names), keep))


def test_data_set_gives_its_tiles_of_one_look(tiny_data_set):
    found = cases.of_data_set(tiny_data_set, "sar_despeckle/simulated", "test", most=3)
    split = tiles.open_split(tiny_data_set, "simulated", "test")
    single = [e for e in split if e["looks"] == 1][:3]
    drawn = list(found.scenes)
    assert found.count == len(drawn) == len(single)
    for case, example in zip(drawn, single, strict=True):
        np.testing.assert_array_equal(case.reference, example["reference"][..., 0])
        power = np.abs(case.slc) ** 2
        np.testing.assert_allclose(power, case.intensity, rtol=1e-5)
    with pytest.raises(ValueError, match="no tile of 7 looks"):
        cases.of_data_set(tiny_data_set, "simulated", "test", looks=7)


def test_dates_have_the_mean_of_the_others_as_reference(dates):
    powers = np.stack([np.abs(np.load(path)) ** 2 for path in dates])
    for number, case in enumerate(cases.of_series(dates).scenes):
        others = np.delete(powers, number, axis=0)
        expected = np.nanmean(others, axis=0)
        np.testing.assert_allclose(case.reference, expected, rtol=1e-4)
        assert case.looks == 1


def test_files_may_have_references_and_must_fit_them(tmp_path, dates, rng):
    truth = tmp_path / "truth.tif"
    tifffile.imwrite(truth, np.full((64, 80), 5.0, np.float32))
    (case,) = cases.of_files(dates[:1], [truth]).scenes
    assert (case.reference == 5).all()
    small = tmp_path / "small.npy"
    np.save(small, np.ones((8, 8), np.float32))
    with pytest.raises(ValueError, match=r"small\.npy: is \(8, 8\)"):
        list(cases.of_files(dates[:1], [small]).scenes)
    with pytest.raises(ValueError, match="give one each"):
        cases.of_files(dates[:2], [truth])
    with pytest.raises(ValueError, match="two images of this name"):
        cases.of_files([dates[0], dates[0]])
    region = [(slice(0, 32), slice(60, 92))]
    with pytest.raises(ValueError, match="lies not in an image of 64 x 80"):
        list(cases.of_files(dates[:1], regions=region).scenes)
    negative = tmp_path / "negative.npy"
    np.save(negative, -np.ones((8, 8), np.float32))
    with pytest.raises(ValueError, match=r"negative\.npy: .*decibels"):
        list(cases.of_files([negative]).scenes)


def test_looks_of_files_are_given_known_or_estimated(tmp_path):
    amplitude = np.abs(safe.slc((60, 50))).astype(np.uint16)
    grd = safe.Safe({"iw-vv": amplitude}).write(tmp_path)
    np.save(tmp_path / "power.npy", amplitude.astype(np.float32) ** 2)
    for path, given, looks in ((grd, None, 4.4), (grd, 3.0, 3.0)):
        (case,) = cases.of_files([path], looks=given).scenes
        assert case.looks == looks
    other = shutil.copytree(grd, tmp_path / "other.SAFE")
    assert [case.looks for case in cases.of_series([grd, other]).scenes] == [4.4, 4.4]
    (case,) = cases.of_files([tmp_path / "power.npy"]).scenes
    assert 0.8 < case.looks < 1.5


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_files_without_data_are_told(value, tmp_path):
    np.save(tmp_path / "sea.npy", np.full((40, 40), value, np.float32))
    with pytest.raises(ValueError, match="sea: holds no data"):
        list(cases.of_files([tmp_path / "sea.npy"]).scenes)


def test_looks_of_intensities_are_estimated(tmp_path, rng):
    np.save(tmp_path / "grd.npy", rng.gamma(4, 1 / 4, (128, 128)).astype(np.float32))
    (case,) = cases.of_files([tmp_path / "grd.npy"]).scenes
    assert case.slc is None
    assert case.looks == pytest.approx(4, rel=0.25)


@pytest.mark.parametrize("nothing", ["0", "65535"])
def test_integers_are_amplitude_whatever_their_value_of_no_data(tmp_path, rng, nothing):
    amplitude = np.sqrt(1e4 * rng.gamma(4, 0.25, (2, 96, 96))).astype(np.uint16)
    amplitude[:, :8] = int(nothing)
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for path, date in zip(paths, amplitude, strict=True):
        tifffile.imwrite(path, date, extratags=[(42113, "s", 0, nothing, True)])
    truth = tmp_path / "truth.tif"
    tifffile.imwrite(truth, np.full((96, 96), 100, np.uint16))
    (file, _) = cases.of_files(paths, [truth, truth]).scenes
    (date, _) = cases.of_series(paths).scenes
    for case in (file, date):
        assert case.intensity[8:].mean() == pytest.approx(1e4, rel=0.05)
        assert case.reference[8:].mean() == pytest.approx(1e4, rel=0.05)
        assert case.looks == pytest.approx(4, abs=0.6)


def test_regions_of_the_user_are_where_looks_are_counted(dates):
    regions = [(slice(0, 40), slice(0, 40))]
    found = cases.of_files(dates[:1], regions=regions)
    (row,) = evaluated(found, "noisy")
    power = np.abs(np.load(dates[0])[:40, :40]) ** 2
    assert row["enl"] == pytest.approx(power.mean() ** 2 / power.var(), rel=1e-4)


def test_every_method_meets_every_scene_and_what_is_undefined_is_said(dates):
    kept = {}
    found = evaluated(
        cases.of_series(dates[:2]),
        "noisy",
        "boxcar",
        keep=lambda case, estimates: kept.update({case.name: estimates}),
    )
    pairs = [(row["scene"], row["method"]) for row in found]
    scenes = ["2026-01", "2026-02"]
    assert pairs == [(s, m) for s in scenes for m in ("noisy", "boxcar")]
    assert list(kept) == scenes
    noisy, boxcar = found[:2]
    assert "constant ratio image" in noisy["undefined"]
    assert np.isnan(noisy["m_index"])
    assert boxcar["undefined"] == ""
    assert boxcar["s_per_mpixel"] > 0


def test_unknown_repeated_and_missing_methods_are_told():
    with pytest.raises(ValueError, match=r"no method 'lea': noisy, boxcar"):
        methods.check(["lea"])
    with pytest.raises(ValueError, match="named twice"):
        methods.check(["lee", "lee"])
    with pytest.raises(ValueError, match="no method is named"):
        methods.check([])


def test_a_method_that_fails_is_named_with_its_scene(dates):
    def broken(case):
        raise ValueError("is broken.")

    scenes = cases.of_files(dates[:1]).scenes
    with pytest.raises(ValueError, match="net, 2026-01: is broken"):
        list(running.rows(scenes, {"net": broken}))


def test_canonical_references_have_the_contrasts_they_were_drawn_with():
    corners = [grounds.observe("corner", seed).reference for seed in (0, 1)]
    # The ground's own power is the point's background: 10 log10(10^3.5 + 1).
    assert 10 * np.log10(corners[0].max()) == pytest.approx(35, abs=0.01)
    assert corners[0].argmax() != corners[1].argmax()
    assert np.sort(corners[0], axis=None)[-2] == pytest.approx(1, rel=0.01)
    squares = grounds.observe("squares", 0).reference
    quarters = squares[64, 64], squares[64, 192], squares[192, 64], squares[192, 192]
    np.testing.assert_allclose(10 * np.log10(quarters), grounds.SQUARES, atol=0.01)
    building = grounds.observe("building", 0).reference
    for cols, level in grounds.BUILDING.values():
        middle = (cols.start + cols.stop) // 2
        assert 10 * np.log10(building[128, middle]) == pytest.approx(level, abs=0.1)
    homogeneous = grounds.observe("homogeneous", 0)
    np.testing.assert_allclose(homogeneous.reference, 1, rtol=1e-5)
    assert homogeneous.intensity.var() == pytest.approx(1, abs=0.05)
    with pytest.raises(ValueError, match="must be one of homogeneous"):
        grounds.observe("forest", 0)


def test_canonical_measures_are_best_for_the_reference():
    for case in canonical.cases(1).scenes:
        if case.measures is None:
            continue
        for name, value in case.measures(case.reference, case.reference).items():
            assert name in MEASURES
            if name == "figure_of_merit":
                assert value > 0.7
            else:
                assert value == pytest.approx(0, abs=1e-6)
        blurred = np.full_like(case.reference, case.reference.mean())
        blurred += 1e-3 * case.reference
        worse = case.measures(blurred, case.reference)
        assert max(abs(value) for value in worse.values()) > 0.1


def test_folder_holds_rows_tables_and_images_whole_or_not_at_all(tmp_path, dates):
    target = tmp_path / "found"
    scenes = cases.of_files(dates)
    made = records.about("pgd2jax evaluate", "files", ["noisy", "boxcar"], "boxcar", "")
    with records.folder(target) as folder:
        rows = evaluated(
            scenes,
            "noisy",
            "boxcar",
            keep=lambda case, images: records.write_scene(folder, case, images),
        )
        assert not target.exists()
        records.write(folder, made, rows)
    found = records.read(target)
    assert found.about == made
    np.testing.assert_equal(found.rows, rows)
    assert statistics.summary(found.rows) == statistics.summary(rows)
    images = found.images("2026-03")
    assert set(images) == {"noisy", "boxcar"}
    power = np.abs(np.load(dates[2])) ** 2
    np.testing.assert_allclose(images["noisy"], 10 * np.log10(power), atol=0.03)
    for name in ("rows.csv", "table.md", "table.tex"):
        assert "boxcar" in (target / name).read_text()

    (target / "notes.txt").write_text("mine")
    with records.folder(target) as folder:
        records.write(folder, made, rows[:2])
    assert len(records.read(target).rows) == 2
    assert (target / "notes.txt").read_text() == "mine"
    assert not list((target / "scenes").iterdir())

    def stopped():
        with records.folder(target):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert records.read(target).rows  # The one before is still there.
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_full_disk_names_the_file_and_leaves_what_was_there(
    tmp_path, dates, monkeypatch
):
    def full(*args, **images):
        raise OSError(28, "No space left on device")

    (case,) = cases.of_files(dates[:1]).scenes
    monkeypatch.setattr(np, "savez", full)
    before = sorted(tmp_path.iterdir())
    with (
        pytest.raises(
            records.EvaluationError, match=r"2026-01\.npz: cannot be written"
        ),
        records.folder(tmp_path / "found") as folder,
    ):
        records.write_scene(folder, case, {})
    assert sorted(tmp_path.iterdir()) == before


def test_other_folders_are_left_alone_and_damage_is_told(tmp_path):
    other = tmp_path / "photographs"
    other.mkdir()
    (other / "cat.jpg").write_text("purr")
    with (
        pytest.raises(records.EvaluationError, match="something else"),
        records.folder(other),
    ):
        pass
    assert (other / "cat.jpg").exists()
    with (
        pytest.raises(records.EvaluationError, match=r"cat\.jpg: is something else"),
        records.folder(other / "cat.jpg"),
    ):
        pass
    with pytest.raises(records.EvaluationError, match="pgd2jax evaluate"):
        records.read(other)
    (other / records.ROWS).write_text(json.dumps({"rows": 3}))
    with pytest.raises(records.EvaluationError, match="no whole evaluation"):
        records.read(other)
    broken = records.Evaluation({}, [], other)
    with pytest.raises(records.EvaluationError, match=r"x\.npz: cannot be read"):
        broken.images("x")


def test_files_that_cannot_be_are_told_before_any_is_measured(tmp_path, dates):
    small, region = tmp_path / "small.npy", [(slice(0, 32), slice(0, 32))]
    np.save(small, np.ones((8, 8), np.float32))
    with pytest.raises(ValueError, match="lies not in an image of 8 x 8"):
        cases.of_files([dates[0], small], regions=region)
    with pytest.raises(ValueError, match=r"small\.npy: is \(8, 8\)"):
        cases.of_files(dates[:2], [dates[1], small])


def test_looks_of_an_slc_image_are_not_taken(tmp_path, rng):
    np.save(tmp_path / "a.npy", rng.normal(size=(32, 32)) + 1j)
    with pytest.raises(ValueError, match="leave --looks out"):
        cases.of_files([tmp_path / "a.npy"], looks=4)
    np.save(tmp_path / "b.npy", rng.exponential(size=(32, 32)))
    mixed = cases.of_files([tmp_path / "a.npy", tmp_path / "b.npy"], looks=4)
    assert [case.looks for case in mixed.scenes] == [1, 4]


def test_each_burst_of_a_product_is_a_scene(tmp_path):
    pixels = safe.slc((128, 64))
    root = safe.Safe({"iw1-vv": pixels, "iw1-vh": pixels}, bursts=2).write(tmp_path)
    np.save(tmp_path / "clean.npy", np.arange(128 * 64.0).reshape(128, 64))
    found = cases.of_files([root], [tmp_path / "clean.npy"], layer="iw1-vh")
    first, second = found.scenes
    assert found.count == 2
    assert (first.name, second.name) == (f"{root.stem}-1", f"{root.stem}-2")
    np.testing.assert_array_equal(second.slc, pixels[64:].astype(np.complex64))
    assert second.reference[0, 0] == 64 * 64


def test_scenes_with_and_without_phase_are_warmed_up_apart():
    calls = []

    def network(case):
        calls.append(case.name)
        return case.intensity

    power = np.random.default_rng(0).exponential(size=(64, 64)).astype(np.float32)
    slc = np.sqrt(power).astype(np.complex64)
    scenes = [
        cases.Case("a", "slc", power, slc, None, 1.0),
        cases.Case("b", "slc", power, slc, None, 1.0),
        cases.Case("c", "intensity", power, None, None, 1.0),
    ]
    list(running.rows(scenes, {"network": network}))
    assert calls == ["a", "a", "b", "c", "c"]
