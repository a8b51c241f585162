import numpy as np
import pytest
import tifffile

from tfds_sar import build
from tfds_sar.sar_despeckle import near_real


def archive(folder, stems, roles=("gt", "ori", "pha"), size=8):
    rng = np.random.default_rng(0)
    for role in roles:
        (folder / role).mkdir(parents=True)
        for stem in stems:
            image = rng.exponential(size=(size, size)).astype(np.float32)
            tifffile.imwrite(folder / role / f"{stem}.tif", image)
    return folder


STEMS = [f"{ground}_2016021{date}" for ground in range(1, 6) for date in range(2)]


@pytest.mark.parametrize("roles", [("gt", "ori", "pha"), ("Clean", "Noisy", "Phase")])
def test_pairs_are_found_by_folder_and_name_at_any_depth(tmp_path, roles):
    found = near_real.find(archive(tmp_path / "a" / "b", STEMS, roles).parent)
    assert sorted(found) == sorted(STEMS)
    assert found["1_20160210"]["phase"].name == "1_20160210.tif"


def test_no_ground_is_in_two_splits():
    splits = near_real.splits(dict.fromkeys(STEMS))
    grounds = [{near_real.ground(s) for s in stems} for stems in splits.values()]
    assert [len(g) for g in grounds] == [3, 1, 1]
    assert set.union(*grounds) == {"1", "2", "3", "4", "5"}
    assert sum(len(stems) for stems in splits.values()) == len(STEMS)


def test_phase_may_be_missing_everywhere(tmp_path):
    pairs = near_real.find(archive(tmp_path, STEMS, roles=("gt", "ori")))
    (_, example), *_ = near_real.generate(pairs, STEMS[:1], 8)
    assert not example["has_phase"]
    assert not example["phase"].any()
    assert example["scene"] == "1"


def test_lonely_files_are_listed(tmp_path):
    archive(tmp_path, STEMS)
    (tmp_path / "gt" / "3_20160211.tif").unlink()
    with pytest.raises(near_real.ArchiveError, match=r"3_20160211 \(no reference\)"):
        near_real.find(tmp_path)


def test_empty_folder_and_too_few_grounds_are_refused(tmp_path):
    with pytest.raises(near_real.ArchiveError, match="unpack the archive there"):
        near_real.find(tmp_path)
    with pytest.raises(near_real.ArchiveError, match="cannot be split"):
        near_real.splits({"1_a": 0, "1_b": 0, "2_a": 0})


@pytest.mark.parametrize(
    ("role", "image", "says"),
    [
        ("gt", np.ones((8, 9)), "is needed"),
        ("ori", -np.ones((8, 8)), "negative"),
        ("ori", np.full((8, 8), np.nan), "not finite"),
        ("pha", np.full((8, 8), 90.0), "radians"),
    ],
)
def test_images_that_do_not_fit_are_named(tmp_path, role, image, says):
    archive(tmp_path, STEMS)
    tifffile.imwrite(tmp_path / role / f"{STEMS[0]}.tif", image.astype(np.float32))
    pairs = near_real.find(tmp_path)
    with pytest.raises(near_real.ArchiveError, match=f"{STEMS[0]}.tif.*{says}"):
        list(near_real.generate(pairs, STEMS[:1], 8))


def test_corrupt_file_stops_the_build_by_name(tmp_path, capsys):
    folder = archive(tmp_path / "in", STEMS, size=256)
    (folder / "ori" / f"{STEMS[0]}.tif").write_bytes(b"II*\0")
    arguments = ["--manual_dir", str(folder), "--data_dir", str(tmp_path / "out")]
    assert build.main(["near_real", *arguments]) == 1
    assert f"{STEMS[0]}.tif: cannot be read" in capsys.readouterr().err
