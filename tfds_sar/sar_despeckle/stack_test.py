import dataclasses
import importlib.util
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
import tifffile

from pgd2jax.sar import glrt
from tfds_sar import build
from tfds_sar.sar_despeckle import stack

DATES = 4
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Writes four dates of three tiles of white SLC; each date has its flaw."""
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, DATES, 3 * 256 + 20, 260)) * np.sqrt(0.5)
    samples = (parts[0] + 1j * parts[1]).astype(np.complex64)
    samples[1, 60:180, 60:180] *= 3  # A change, in the first tile.
    samples[2, 300:330, 40:70] = 0  # No data, in the second.
    folder = tmp_path_factory.mktemp("ground")
    for date, image in enumerate(samples):
        tifffile.imwrite(folder / f"2024010{date}.tif", image)
    return folder


def run(folder, data_dir, *options):
    arguments = ["stack", folder, "--data_dir", data_dir, "--window", 7, 7]
    return build.main([str(argument) for argument in (*arguments, *options)])


@pytest.fixture(scope="module")
def built(folder, tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    assert run(folder, data_dir) == 0
    (config,) = (data_dir / "sar_despeckle").glob("stack-*")
    return config / "1.3.0"


def open_split(built, split):
    return tfds.builder_from_directory(str(built)).as_data_source(split)


def test_every_date_of_every_tile_is_a_pair_or_is_left_out(built):
    pairs = [example for split in SPLITS for example in open_split(built, split)]
    ids = [example["id"].decode() for example in pairs]
    ground = ids[0].split("_")[0]
    assert ground == built.parent.name.removeprefix("stack-")
    expected = [
        f"{ground}_r{row}_c0_2024010{date}"
        for row in (0, 256, 512)
        for date in range(DATES)
        if (row, date) not in ((0, 1), (256, 2))
    ]
    assert ids == expected
    left_out = json.loads((built / "metadata.json").read_text())["rejected"]
    assert left_out == {"changed": 1, "no data": 1}


def test_splits_share_no_ground(built):
    grounds = [
        {example["scene"] for example in open_split(built, split)} for split in SPLITS
    ]
    assert [len(names) for names in grounds] == [1, 1, 1]
    assert len(set.union(*grounds)) == 3


def test_pair_is_a_date_and_the_multilook_of_the_others(folder, built):
    example = open_split(built, "test")[1]
    slc = tifffile.imread(folder / "20240101.tif")[512:768, :256]
    intensity, phase = (example[name][..., 0] for name in ("intensity", "phase"))
    np.testing.assert_allclose(intensity, np.abs(slc) ** 2, rtol=1e-5)
    np.testing.assert_allclose(phase, np.angle(slc), atol=1e-6)
    assert example["has_phase"]
    assert example["looks"] == 1
    reference = example["reference"]
    assert 10 * np.log10(reference.mean()) == pytest.approx(0, abs=0.1)
    assert reference.mean() ** 2 / reference.var() > 40  # Three dates have 3.
    together = np.corrcoef(intensity.ravel(), reference.ravel())[0, 1]
    assert abs(together) < 0.02  # The date has no part in its reference.


def test_another_series_or_option_has_another_name(folder, tmp_path):
    names = {
        stack.configure([folder]).name,
        stack.configure([folder], looks=2.0).name,
        stack.configure([folder], rules=glrt.Rules(level=0.05)).name,
        stack.configure([folder / f"2024010{date}.tif" for date in (0, 1, 3)]).name,
    }
    assert len(names) == 4
    assert stack.configure([folder], beam=True).name in names  # The same pairs.
    copies = tmp_path / "ground"
    shutil.copytree(folder, copies)
    before = stack.configure([copies]).name
    os.utime(copies / "20240100.tif", (1, 1))  # As if written anew.
    assert stack.configure([copies]).name != before
    assert (
        stack.configure([copies], min_looks=50).name
        == stack.configure([copies], min_looks=50.0).name
    )


def test_files_that_change_under_the_build_are_not_mixed(folder, tmp_path):
    copies = tmp_path / "ground"
    shutil.copytree(folder, copies)
    before = stack.configure([copies]).series
    assert stack._open(before).dates == DATES
    image = tifffile.imread(copies / "20240100.tif")
    tifffile.imwrite(copies / "20240100.tif", 2 * image)
    os.utime(copies / "20240100.tif", (1, 1))
    after = stack.configure([copies]).series
    np.testing.assert_array_equal(stack._open(after).samples[0, :9], 2 * image[:9])
    with pytest.raises(stack.StackError, match="files have changed"):
        stack._open(before)


@pytest.mark.parametrize(
    "option", ["--max_changed=nan", "--max_few=2", "--min_looks=inf", "--looks=-1"]
)
def test_options_out_of_range_are_refused_at_once(folder, tmp_path, capsys, option):
    assert run(folder, tmp_path, option) == 1
    assert option.split("=")[0][2:] in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", ["", "runer=DirectRunner"])
def test_a_pipeline_without_a_runner_is_refused(folder, tmp_path, capsys, options):
    pytest.importorskip("apache_beam")
    assert run(folder, tmp_path, f"--beam_pipeline_options={options}") == 1
    assert "names no runner" in capsys.readouterr().err


def test_missing_packages_are_named_with_their_extra(folder, tmp_path, capsys):
    for package, extra, option in (
        ("tensorflow", "tf", "--file_format=tfrecord"),
        ("apache_beam", "beam", "--beam_pipeline_options=--runner=DirectRunner"),
    ):
        if importlib.util.find_spec(package) is None:
            assert run(folder, tmp_path, option) == 1
            assert f"its extra `{extra}`" in capsys.readouterr().err


@pytest.mark.parametrize("shape", [(5, 7), (10, 3), (21, 4)])
def test_splits_are_whole_strips_across_the_longer_side(shape):
    dealt = stack.deal(tuple(256 * n + 255 for n in shape))
    axis = int(shape[1] > shape[0])
    strips = [{place[axis] // 256 for place in places} for places in dealt.values()]
    tenth = max(1, round(max(shape) / 10))
    assert [len(one) for one in strips] == [max(shape) - 2 * tenth, tenth, tenth]
    assert sorted(set.union(*strips)) == list(range(max(shape)))
    assert sum(map(len, dealt.values())) == shape[0] * shape[1]


def test_small_scenes_are_dealt_by_tiles():
    assert [len(places) for places in stack.deal((512, 512)).values()] == [2, 1, 1]
    with pytest.raises(stack.StackError, match="holds 2 tiles"):
        stack.deal((512, 256 + 255))


def test_few_looks_are_a_reason(folder):
    series = stack.configure([folder]).series
    size = (8, 8)
    found = glrt.Multilook(
        reference=np.ones(size),
        looks=np.full(size, 49.0),
        pixels=np.full(size, 12),
        changed=np.zeros((DATES, *size), bool),
    )
    assert series.why_not(np.ones(size), found, 0) == "few looks"
    relaxed = dataclasses.replace(series, min_looks=20.0)
    assert relaxed.why_not(np.ones(size), found, 0) == ""
    gap = found._replace(reference=np.full(size, np.nan))
    assert relaxed.why_not(np.ones(size), gap, 0) == "no data"


def test_nothing_left_of_a_split_is_said(folder, tmp_path, capsys):
    assert run(folder, tmp_path, "--min_looks", 1e6) == 1
    error = capsys.readouterr().err
    assert "train: all of its 4 pairs are left out (changed 1, few looks 3)" in error
    assert "relax" in error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.tif", "there.tif"], "there is no such file"),
        (["nowhere"], "there is no such file"),
    ],
)
def test_series_that_is_not_there_is_said(tmp_path, capsys, arguments, says):
    paths = [str(tmp_path / name) for name in arguments]
    assert build.main(["stack", *paths, "--data_dir", str(tmp_path)]) == 1
    assert says in capsys.readouterr().err


def test_two_dates_and_small_scenes_are_refused(tmp_path, capsys):
    images = np.random.default_rng(0).exponential(size=(3, 300, 300)).astype("f4")
    for date, image in zip("ab", images, strict=False):
        np.save(tmp_path / f"{date}.npy", image)
    assert run(tmp_path, tmp_path / "data") == 1
    assert "2 dates" in capsys.readouterr().err
    np.save(tmp_path / "c.npy", images[2])
    assert run(tmp_path, tmp_path / "data") == 1
    assert "holds 1 tiles" in capsys.readouterr().err


def test_beam_makes_the_same_pairs(folder, built, tmp_path, capsys):
    pytest.importorskip("apache_beam")
    beam = ("--beam_pipeline_options", "runner=DirectRunner")
    assert run(folder, tmp_path, *beam) == 0
    other = tmp_path / built.relative_to(built.parents[2])
    for split in SPLITS:
        pairs = list(
            zip(open_split(built, split), open_split(other, split), strict=True)
        )
        for one, same in pairs:
            assert one["id"] == same["id"]
            np.testing.assert_allclose(one["reference"], same["reference"], rtol=1e-5)
    assert run(folder, tmp_path, "--min_looks", 1e6, *beam) == 1
    assert "generated examples is 0" in capsys.readouterr().err  # TFDS says so itself.
    counted = [json.loads((d / "metadata.json").read_text()) for d in (built, other)]
    assert counted[0]["rejected"] == counted[1]["rejected"]


def test_intensities_make_pairs_of_their_looks(tmp_path):
    rng = np.random.default_rng(0)
    samples = rng.gamma(4, 1 / 4, (4, 768, 256)).astype(np.float32)
    for number, date in enumerate(samples):
        np.save(tmp_path / f"{number}.npy", date)
    rules = glrt.Rules(window=(7, 7))
    series = stack.configure([tmp_path], looks=4.0, rules=rules).series
    example, why = stack._pair(series, (0, 0), 1)
    assert why == ""
    assert example["looks"] == 4
    assert not example["has_phase"]
    np.testing.assert_allclose(
        example["intensity"][..., 0], samples[1, :256], rtol=1e-6
    )
