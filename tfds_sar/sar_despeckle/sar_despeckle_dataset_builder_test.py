import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from array_record.python import array_record_module

from tfds_sar import build, sar_despeckle
from tfds_sar.sar_despeckle import simulated


@pytest.fixture(scope="module")
def source():
    """Yields twelve simulated examples at a small size."""
    return [example for _, example in simulated.generate(3, range(12), 64)]


def test_examples_depend_on_seed_and_number_alone(source):
    (again,) = [example for _, example in simulated.generate(3, range(7, 8), 64)]
    np.testing.assert_array_equal(again["intensity"], source[7]["intensity"])
    other = simulated.simulate(4, 7, 64)
    assert not np.array_equal(again["intensity"], other["intensity"])


def test_examples_come_in_order_each_with_ground_of_its_own(source):
    assert [example["id"] for example in source] == [
        f"simulated-3-{index:05d}" for index in range(12)
    ]
    assert len({example["scene"] for example in source}) == 12


def test_images_are_as_documented(source):
    assert {example["speckle"] for example in source} == {"white", "correlated"}
    for example in source:
        for name in ("intensity", "phase", "reference"):
            assert example[name].shape == (64, 64, 1)
            assert example[name].dtype == np.float32
            assert np.isfinite(example[name]).all()
        assert example["reference"].min() > 0
        assert np.abs(example["phase"]).max() <= np.pi + 1e-6
        assert example["has_phase"] == (example["looks"] == 1)
        assert example["phase"].any() == example["has_phase"]


def test_built_data_set_reads_back_without_tensorflow(tiny_data_set):
    # As another JAX project would: tfds and the folder, nothing of pgd2jax.
    builder = tfds.builder_from_directory(
        str(tiny_data_set / "sar_despeckle" / "simulated" / "1.3.0")
    )
    splits = {name: len(builder.as_data_source(name)) for name in builder.info.splits}
    assert splits == {"train": 48, "validation": 6, "test": 6}
    example = builder.as_data_source("test")[0]
    expected = simulated.simulate(0, 54, 256)
    assert set(example) == set(expected)
    np.testing.assert_allclose(example["reference"], expected["reference"], rtol=1e-5)
    assert example["has_phase"] == expected["has_phase"]


def test_records_are_stored_singly_and_uncompressed(tiny_data_set):
    files = sorted(tiny_data_set.rglob("*.array_record-*"))
    assert files
    for file in files:
        reader = array_record_module.ArrayRecordReader(str(file))
        options = reader.writer_options_string().split(",")
        reader.close()
        assert {"group_size:1", "uncompressed"} <= set(options)


def test_command_line_prints_the_splits(tiny_data_set, capsys, monkeypatch):
    config = sar_despeckle.Builder.builder_configs["simulated"]
    monkeypatch.setattr(config, "count", 60)
    # Built already: only reported.
    assert build.main(["simulated", "--data_dir", str(tiny_data_set)]) == 0
    assert "train: 48 pairs" in capsys.readouterr().out


def test_simulation_of_other_options_is_not_handed_back(tiny_data_set, capsys):
    assert build.main(["simulated", "--data_dir", str(tiny_data_set)]) == 1
    assert "was built with count 60, not 936; remove" in capsys.readouterr().err


def test_near_real_needs_its_folder(tmp_path, capsys):
    with pytest.raises(SystemExit):
        build.main(["near_real", "--data_dir", str(tmp_path)])
    assert "--manual_dir" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["white", "correlated"])
def test_speckle_of_a_kind_is_that(kind):
    example = simulated.simulate(0, 0, 64, kind)
    assert (example["speckle"], example["looks"]) == (kind, 1)
    assert example["has_phase"]


def test_examples_are_the_same_in_projects_of_double_precision():
    plain = simulated.simulate(0, 3, 64)
    with jax.enable_x64(True):
        double = simulated.simulate(0, 3, 64)
    np.testing.assert_array_equal(double["intensity"], plain["intensity"])
    assert double["looks"] == plain["looks"]
