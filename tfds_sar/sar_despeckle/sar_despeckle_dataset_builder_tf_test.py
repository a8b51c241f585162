"""TFDS's own tests of a builder; they need the extra `tf`."""

import pytest
import tensorflow_datasets as tfds

from tfds_sar.sar_despeckle import Builder, simulated

pytest.importorskip("tensorflow")
pytest.importorskip("dill")


class SimulatedTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = Builder
    BUILDER_CONFIG_NAMES_TO_TEST = [  # noqa: RUF012
        simulated.Simulated(name=f"few_{speckle}", count=10, speckle=speckle)
        for speckle in ("mixed", "correlated", "white")
    ]
    SPLITS = {"train": 8, "validation": 1, "test": 1}  # noqa: RUF012


class NearRealTest(tfds.testing.DatasetBuilderTestCase):
    """Of the four pairs in dummy_data, which tests/data/dummy_data.py made."""

    DATASET_CLASS = Builder
    BUILDER_CONFIG_NAMES_TO_TEST = ["near_real"]  # noqa: RUF012
    SPLITS = {"train": 2, "validation": 1, "test": 1}  # noqa: RUF012
