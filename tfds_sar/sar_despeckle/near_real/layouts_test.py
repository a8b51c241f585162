"""Archives in many made-up layouts, read to the last pixel."""

import numpy as np
import pytest

from pgd2jax.sar import radiometry
from tfds_sar.sar_despeckle.near_real import ArchiveError, NearReal
from tfds_sar.sar_despeckle.near_real.conftest import encode, write, zipped


def identity(image):
    return image


def whole_numbers(top, dtype):
    """Returns a storage of amplitudes as integers, 100 at amplitude 1."""

    def store(image):
        scaled = np.round(100 * radiometry.amplitude(image))
        return np.minimum(scaled, top).astype(dtype)

    return store


def turn(dtype):
    levels = np.iinfo(dtype).max + 1

    def store(phase):
        return (np.floor(phase / (2 * np.pi) * levels) % levels).astype(dtype)

    return store


def grey(image):
    return np.stack([image] * 3, axis=-1)


def files(pairs, name, suffix, power=identity, phase=identity, words=None):
    """Returns {file name: bytes}; `name` is a format of {role} and {stem}."""
    words = words or {"gt": "gt", "ori": "ori", "pha": "pha"}
    stores = {"gt": power, "ori": power, "pha": phase}
    return {
        name.format(role=words[role], stem=stem) + suffix: encode(
            suffix, stores[role](image)
        )
        for stem, images in pairs.items()
        for role, image in images.items()
        if role in words
    }


CHINESE = {"gt": "干净", "ori": "噪声", "pha": "相位"}
LONG = {"gt": "Ground Truth", "ori": "Original Intensity", "pha": "Original Phase"}


def folders(pairs):
    return files(pairs, "{role}/{stem}", ".tif")


def deep_folders_with_other_words(pairs):
    words = {"gt": "Clean", "ori": "NOISY", "pha": "Phase"}
    return files(pairs, "a b/c/{role}/256/{stem}", ".tiff", words=words)


def arrays_with_double_suffix(pairs):
    return files(pairs, "{role}/{stem}.rmli", ".npy")


def suffixes_of_names(pairs):
    return files(pairs, "noisy data/{stem}_{role}", ".npy")


def prefixes_of_names(pairs):
    return files(pairs, "{role}-{stem}", ".mat")


def words_with_spaces(pairs):
    return files(pairs, "{role}/{stem}", ".npy", words=LONG)


def chinese(pairs):
    return files(pairs, "数据/{role}/{stem}", ".tif", words=CHINESE)


def one_zip(pairs):
    return {"pairs.zip": zipped(files(pairs, "near real/{role}/{stem}", ".npy"))}


def zip_of_chinese_names(pairs):
    return {"a.zip": zipped(files(pairs, "{stem}{role}", ".npy", words=CHINESE))}


def zip_for_each_role(pairs):
    return {
        f"{role}.zip": zipped(files(pairs, "{role}/{stem}", ".tif", words={role: role}))
        for role in ("gt", "ori", "pha")
    }


def nested_zip(pairs):
    inner = {f"part/{name}": data for name, data in zip_for_each_role(pairs).items()}
    return {"outer.zip": zipped({**inner, "__MACOSX/x.tif": b"", "readme.txt": b""})}


def gamma(pairs):
    found = {
        **files(pairs, "{role}/{stem}", ".rmli", words={"gt": "gt", "ori": "ori"}),
        **files(pairs, "{role}/{stem}", ".npy", words={"pha": "pha"}),
    }
    par = b"title: x\nrange_samples:   256\nazimuth_lines:   256\n"
    return {**found, "gt/1_20160213.rmli.par": par}


def decibels(pairs):
    def decibel(image):
        return radiometry.decibel(image, floor=np.float32(1e-6))

    return files(pairs, "{role}/{stem}", ".tif", decibel, np.rad2deg)


def amplitudes(pairs):
    return files(pairs, "{role}/{stem}", ".tif", radiometry.amplitude)


def unsigned_16_bit(pairs):
    store = whole_numbers(65535, np.uint16)
    return files(pairs, "{role}/{stem}", ".png", store, turn(np.uint16))


def grey_images_of_8_bit(pairs):
    store = whole_numbers(255, np.uint8)
    return files(
        pairs,
        "{role}/{stem}",
        ".png",
        lambda image: grey(store(image)),
        lambda image: grey(turn(np.uint8)(image)),
    )


def equal_bands_of_tiff(pairs):
    return files(pairs, "{role}/{stem}", ".tif", grey, grey)


EXACT = [
    folders,
    deep_folders_with_other_words,
    arrays_with_double_suffix,
    suffixes_of_names,
    prefixes_of_names,
    words_with_spaces,
    chinese,
    one_zip,
    zip_of_chinese_names,
    zip_for_each_role,
    nested_zip,
    gamma,
    decibels,
    amplitudes,
    equal_bands_of_tiff,
]
SCALED = [unsigned_16_bit, grey_images_of_8_bit]


def read(folder, **options):
    """Returns the examples of all splits by id, and the metadata."""
    metadata = {}
    splits = NearReal(name="near_real", **options).examples(folder, metadata)
    found = {}
    for examples in splits.values():
        numbers, written = zip(*examples, strict=True)
        assert numbers == tuple(range(len(numbers)))
        found.update({example["id"]: example for example in written})
    return found, metadata


@pytest.mark.parametrize("layout", EXACT + SCALED, ids=lambda layout: layout.__name__)
def test_every_layout_gives_the_same_pairs(tmp_path, pairs, layout):
    found, _ = read(write(tmp_path, layout(pairs)))
    assert sorted(found) == sorted(pairs)
    scale, rtol = (1, 1e-3) if layout in EXACT else (1e4, 0.3)
    for stem, images in pairs.items():
        example = found[stem]
        assert example["scene"].split("_")[0] == stem[0]
        assert example["has_phase"], example["phase_note"]
        for role, feature in (("gt", "reference"), ("ori", "intensity")):
            bright = images[role] > 0.1
            np.testing.assert_allclose(
                np.median(example[feature][bright, 0] / images[role][bright]),
                scale,
                rtol=1e-2,
            )
        if layout in EXACT:
            floor = 2e-6  # Of the decibels.
            np.testing.assert_allclose(
                example["intensity"][..., 0], images["ori"], rtol=rtol, atol=floor
            )
            np.testing.assert_allclose(
                example["phase"][..., 0], images["pha"], atol=1e-3
            )


def test_phase_may_be_missing_for_all(tmp_path, pairs):
    both = {"gt": "gt", "ori": "ori"}
    found, metadata = read(
        write(tmp_path, files(pairs, "{role}/{stem}", ".npy", words=both))
    )
    for example in found.values():
        assert not example["has_phase"]
        assert not example["phase"].any()
        assert example["phase_note"] == "no file of phase"
    assert metadata["tiles_without_phase"] == {"no file of phase": 4}


def test_phase_may_be_missing_for_some(tmp_path, pairs):
    layout = folders(pairs)
    del layout["pha/2_20160213.tif"]
    found, _ = read(write(tmp_path, layout))
    assert {name for name in found if not found[name]["has_phase"]} == {"2_20160213"}


def test_phase_of_another_image_is_left_out_and_said(tmp_path, pairs):
    layout = folders(pairs)
    layout["pha/2_20160213.tif"] = layout["pha/3_20160213.tif"]
    found, metadata = read(write(tmp_path, layout))
    assert "phase of another image" in found["2_20160213"]["phase_note"]
    assert metadata["tiles_without_phase"] == {"phase of another image": 1}


def test_multilooked_intensity_has_no_phase(tmp_path, pairs):
    rng = np.random.default_rng(0)
    several = {
        stem: {**images, "ori": images["gt"] * rng.gamma(4, 1 / 4, (256, 256))}
        for stem, images in pairs.items()
    }
    found, metadata = read(write(tmp_path, folders(several)))
    assert metadata["units"]["intensity"]["name"] == "intensity"
    for example in found.values():
        assert "several looks" in example["phase_note"]
        assert example["looks"] == pytest.approx(4, abs=0.6)


def test_parents_are_cut_into_tiles_of_one_ground(tmp_path, pairs):
    parents = {
        stem: {
            role: np.block([[image, image[::-1]], [image.T, image[:, ::-1]]])
            for role, image in images.items()
        }
        for stem, images in pairs.items()
    }
    found, _ = read(write(tmp_path, folders(parents)))
    assert len(found) == 16
    quarter = found["2_20160213_r0_c256"]
    np.testing.assert_array_equal(
        quarter["intensity"][..., 0], pairs["2_20160213"]["ori"][::-1]
    )
    assert len({example["scene"] for example in found.values()}) == 3


def test_tiles_without_data_are_left_out_and_counted(tmp_path, pairs):
    some = dict(pairs)
    for stem, role, empty in (("1_20160308", "ori", 70), ("2_20160213", "gt", 20)):
        image = some[stem][role].copy()
        image[:empty] = 0
        some[f"{stem}_a"] = {**some[stem], role: image}
    found, metadata = read(write(tmp_path, folders(some)))
    assert sorted(found) == sorted([*pairs, "2_20160213_a"])
    assert metadata["rejected"] == {"no data": 1}
    for stem, images in pairs.items():
        dark = images["ori"].copy()
        dark[:70] = 0
        some[stem] = some[f"{stem}_a"] = {**images, "ori": dark}
    with pytest.raises(ArchiveError, match=r"all \d+ tiles hold zeros"):
        read(write(tmp_path / "dark", folders(some)))


BROKEN = {
    "ori/1_20160213.tif": (b"II*\0", "cannot be read"),
    "gt/1_20160308.tif": (encode(".tif", np.ones((250, 256))), "250 x 256 pixels"),
    "gt/9_20160213.tif": (encode(".tif", np.ones((256, 256))), "no intensity"),
    "ori/x.tar": (b"", "packed as .tar"),
    "1.png": (b"", "no word of a role"),
    "pha/2_20160213.tif": (encode(".tif", np.full((256, 256), np.nan)), "not finite"),
}


def test_all_files_that_do_not_fit_are_listed_or_left_out(tmp_path, pairs):
    extra = {f"{n}_20160213": images for n, images in enumerate(pairs.values(), 4)}
    layout = folders({**pairs, **extra})
    layout.update({name: data for name, (data, _) in BROKEN.items()})
    write(tmp_path, layout)
    with pytest.raises(ArchiveError) as error:
        read(tmp_path)
    lines = str(error.value).splitlines()
    assert len(lines) == 1 + len(BROKEN)
    for name, (_, reason) in BROKEN.items():
        (line,) = [line for line in lines if line.startswith(f"  {name}: ")]
        assert reason in line
    found, metadata = read(tmp_path, skip_invalid=True)
    assert sorted(found) == sorted([*extra, "2_20160213", "3_20160213"])
    assert not found["2_20160213"]["has_phase"]
    assert set(metadata["skipped"]) == set(BROKEN)
    assert metadata["options"]["skip_invalid"]


def test_two_files_for_one_place_are_both_named(tmp_path, pairs):
    layout = folders(pairs)
    layout["Clean/2_20160213.tif"] = layout["gt/2_20160213.tif"]
    with pytest.raises(ArchiveError) as error:
        read(write(tmp_path, layout))
    lines = str(error.value).splitlines()[1:]
    assert lines == [
        "  Clean/2_20160213.tif: reference with the name of gt/2_20160213.tif",
        "  gt/2_20160213.tif: reference with the name of Clean/2_20160213.tif",
        "  ori/2_20160213.tif: intensity with no reference",
        "  pha/2_20160213.tif: phase with no reference",
    ]


def test_odd_units_of_one_file_do_not_mislead_the_others(tmp_path, pairs):
    layout = folders(pairs)
    layout["pha/2_20160213.tif"] = encode(".tif", 60 * pairs["2_20160213"]["pha"])
    layout["gt/3_20160213.tif"] = encode(".tif", -pairs["3_20160213"]["gt"])
    with pytest.raises(ArchiveError, match=r"(?s)gt/3_.*negative.*pha/2_.*radians"):
        read(write(tmp_path, layout))


def test_unknown_units_are_said_with_all_that_does_not_fit(tmp_path, pairs):
    layout = {
        name: encode(".tif", np.linspace(0, 99, 65536).reshape(256, 256))
        if name.startswith("pha")
        else data
        for name, data in folders(pairs).items()
    }
    layout["ori/2_20160213.tif"] = b"broken"
    with pytest.raises(ArchiveError, match=r"(?s)--phase_units.*ori/2_20160213\.tif"):
        read(write(tmp_path, layout))


def test_given_units_are_taken(tmp_path, pairs):
    given = {"intensity_units": "amplitude", "reference_units": "amplitude"}
    found, metadata = read(write(tmp_path, folders(pairs)), **given)
    np.testing.assert_allclose(
        found["2_20160213"]["intensity"][..., 0],
        radiometry.power(pairs["2_20160213"]["ori"]),
    )
    assert metadata["units"]["intensity"]["reason"] == "given on the command line"


def test_different_bands_and_empty_folders_are_refused(tmp_path, pairs):
    images = pairs["2_20160213"]
    bands = np.stack([images["ori"], images["pha"], images["gt"]])
    write(tmp_path, {"gt/1.npy": encode(".npy", bands), "ori/1.npy": b""})
    with pytest.raises(ArchiveError, match=r"3 different bands.*\n.*cannot be read"):
        read(tmp_path)
    (tmp_path / "gt" / "1.npy").unlink()
    (tmp_path / "gt" / "1.bin").write_bytes(b"")
    with pytest.raises(ArchiveError, match=r"no pairs among 1 .*Not read: 1 of \.bin"):
        read(tmp_path)
