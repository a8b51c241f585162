"""Builds a configuration of `sar_despeckle` without TensorFlow.

python -m tfds_sar.build simulated --data_dir data
python -m tfds_sar.build near_real --manual_dir unpacked --data_dir data
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

import tensorflow_datasets as tfds
from absl import logging

from pgd2jax import raster
from tfds_sar.sar_despeckle import Builder, near_real


def build(
    config: str,
    data_dir: pathlib.Path,
    manual_dir: pathlib.Path | None = None,
    file_format: str = "array_record",
) -> tfds.core.DatasetBuilder:
    """Builds a configuration unless it is there already.

    Args:
        config: "simulated" or "near_real".
        data_dir: Folder of all TFDS data sets.
        manual_dir: Where the near-real archive was unpacked.
        file_format: "array_record", or "tfrecord" where TensorFlow is installed and
            `tfds.load` is to read it.

    Returns:
        The builder; `builder.as_data_source("train")` reads.
    """
    # Explicit format: an array_record data set in the folder is not another's.
    builder = Builder(config=config, data_dir=data_dir, file_format=file_format)
    download = tfds.download.DownloadConfig(manual_dir=manual_dir)
    builder.download_and_prepare(download_config=download, file_format=file_format)
    return builder


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tfds_sar.build",
        description="Builds the data set sar_despeckle.",
    )
    parser.add_argument("config", choices=list(Builder.builder_configs))
    parser.add_argument("--data_dir", type=pathlib.Path, default=pathlib.Path("data"))
    parser.add_argument("--manual_dir", type=pathlib.Path)
    parser.add_argument(
        "--file_format", choices=("array_record", "tfrecord"), default="array_record"
    )
    args = parser.parse_args(argv)
    logging.set_verbosity(logging.INFO)
    if args.config == "near_real" and args.manual_dir is None:
        parser.error("near_real needs --manual_dir, where the archive was unpacked.")
    try:
        builder = build(**vars(args))
    except (near_real.ArchiveError, raster.RasterError, OSError) as error:
        print(f"tfds_sar.build: {error}", file=sys.stderr)
        return 1
    for name, split in builder.info.splits.items():
        print(f"{name}: {split.num_examples} tiles")
    print(f"in {builder.data_path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
