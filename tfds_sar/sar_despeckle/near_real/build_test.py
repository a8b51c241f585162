"""The command line, from an archive to a data set that is read back."""

import json

import numpy as np
import tensorflow_datasets as tfds

from tfds_sar import build
from tfds_sar.sar_despeckle.near_real.conftest import encode, write, zipped


def archive(pairs):
    return {
        f"pairs/{role}/{stem}.rmli.npy": encode(".npy", image)
        for stem, images in pairs.items()
        for role, image in images.items()
    }


def run(folder, *options):
    manual_dir, data_dir = folder / "in", folder / "out"
    return build.main(
        ["near_real", f"--manual_dir={manual_dir}", f"--data_dir={data_dir}", *options]
    )


def stored(folder):
    (data_set,) = (folder / "out" / "sar_despeckle" / "near_real").iterdir()
    return tfds.builder_from_directory(str(data_set)), data_set


def test_data_set_of_an_archive_reads_back_with_its_metadata(tmp_path, pairs, capsys):
    write(tmp_path / "in", {"a.zip": zipped(archive(pairs))})
    assert run(tmp_path) == 0
    assert (
        "train: 2 pairs\nvalidation: 1 pairs\ntest: 1 pairs" in capsys.readouterr().out
    )
    builder, data_set = stored(tmp_path)
    examples = {
        example["id"].decode(): example
        for split in builder.info.splits
        for example in builder.as_data_source(split)
    }
    assert sorted(examples) == sorted(pairs)
    for stem, images in pairs.items():
        assert examples[stem]["scene"] == stem[0].encode()
        assert examples[stem]["has_phase"]
        np.testing.assert_allclose(
            examples[stem]["intensity"][..., 0], images["ori"], rtol=1e-5
        )
    for metadata in (
        builder.info.metadata,
        json.loads((data_set / "metadata.json").read_text()),
    ):
        assert metadata["pairs"] == 4
        assert metadata["skipped"] == {}
        assert metadata["units"]["phase"]["name"] == "radians"
        assert metadata["tiles_without_phase"] == {}
        assert not metadata["options"]["skip_invalid"]


def test_files_that_do_not_fit_stop_the_build_or_are_recorded(tmp_path, pairs, capsys):
    more = {"4_20160213": pairs["2_20160213"], **pairs}
    files = archive(more) | {"pairs/ori/4_20160213.rmli.npy": b"broken"}
    write(tmp_path / "in", files)
    assert run(tmp_path) == 1
    error = capsys.readouterr().err
    assert "pairs/ori/4_20160213.rmli.npy: cannot be read; is it whole?" in error
    assert "--skip_invalid" in error
    assert run(tmp_path, "--skip_invalid") == 0
    builder, _ = stored(tmp_path)
    assert list(builder.info.metadata["skipped"]) == ["pairs/ori/4_20160213.rmli.npy"]
    assert sum(split.num_examples for split in builder.info.splits.values()) == 4


def test_data_set_of_other_options_is_not_handed_back(tmp_path, pairs, capsys):
    write(tmp_path / "in", archive(pairs))
    assert run(tmp_path) == 0
    assert run(tmp_path) == 0  # The same: nothing is to be done.
    capsys.readouterr()
    assert run(tmp_path, "--reference_units=intensity") == 1
    assert "was built with reference_units auto, not intensity; remove" in (
        capsys.readouterr().err
    )
