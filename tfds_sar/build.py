"""Builds a configuration of `sar_despeckle` without TensorFlow.

python -m tfds_sar.build simulated --data_dir data
python -m tfds_sar.build near_real --manual_dir downloads --data_dir data
python -m tfds_sar.build stack series/*.tif --data_dir data
"""

import argparse
import dataclasses
import importlib.util
import pathlib
import sys
from collections.abc import Sequence

import tensorflow_datasets as tfds
from absl import logging

from pgd2jax import pipelines, streams
from pgd2jax.sar import glrt, pixels
from tfds_sar.sar_despeckle import Builder, near_real, stack, tile
from tfds_sar.sar_despeckle.near_real import units


class BuildError(ValueError):
    """A data set that cannot be built as asked; the message names the mend."""


def build(
    config: str | tile.SarConfig,
    data_dir: pathlib.Path,
    manual_dir: pathlib.Path | None = None,
    file_format: str = "array_record",
    beam_options: Sequence[str] | None = None,
) -> tfds.core.DatasetBuilder:
    """Builds a configuration unless it is there already.

    Args:
        config: A name out of `Builder.builder_configs`, or a configuration with
            options of its own.
        data_dir: Folder of all TFDS data sets.
        manual_dir: Where the near-real pairs lie, zipped or not.
        file_format: "array_record", or "tfrecord" where TensorFlow is installed and
            `tfds.load` is to read it.
        beam_options: Flags of a Beam pipeline, for a configuration that runs as one.

    Returns:
        The builder; `builder.as_data_source("train")` reads.

    Raises:
        BuildError: if it is there in another format or with other options.
        ValueError: as `pipelines.options` does.
    """
    _check_installed("tensorflow", "tf", file_format == "tfrecord")
    _check_installed("apache_beam", "beam", beam_options is not None)
    # Explicit format: an array_record data set in the folder is not another's.
    try:
        builder = Builder(config=config, data_dir=data_dir, file_format=file_format)
    except ValueError as error:
        if "format is already set" not in str(error):
            raise
        raise BuildError(
            f"{data_dir}: holds this configuration in another format than "
            f"{file_format}; give another --data_dir."
        ) from error
    _check_options(builder)
    download = tfds.download.DownloadConfig(manual_dir=manual_dir)
    if beam_options is not None:
        beam_options = pipelines.options(beam_options)
        download = dataclasses.replace(download, beam_options=beam_options)
    builder.download_and_prepare(download_config=download, file_format=file_format)
    return builder


def _check_installed(package: str, extra: str, needed: bool) -> None:
    if needed and importlib.util.find_spec(package) is None:
        raise BuildError(
            f"{package} is not installed; install pgd2jax with its extra `{extra}`."
        )


def _check_options(builder: tfds.core.DatasetBuilder) -> None:
    """Checks that a data set of this name, if there is one, was made alike.

    TFDS would hand it back, whatever was asked for.
    """
    stored = builder.info.metadata.get("options")
    if stored is None:
        return
    asked = builder.builder_config.options()
    if stored != asked:
        other = ", ".join(
            f"{name} {stored.get(name)}, not {value}"
            for name, value in asked.items()
            if value != stored.get(name)
        )
        raise BuildError(
            f"{builder.data_path}: was built with {other}; remove this folder, or give "
            "another --data_dir."
        )
    logging.info("%s is there already; nothing is read again.", builder.data_path)


def _parser() -> argparse.ArgumentParser:
    """Returns the parser: one command a configuration, which has its options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data_dir",
        type=pathlib.Path,
        default=pathlib.Path("data"),
        help="folder of all data sets of TFDS [%(default)s]",
    )
    common.add_argument(
        "--file_format",
        choices=("array_record", "tfrecord"),
        default="array_record",
        help="tfrecord needs TensorFlow, which then reads it [%(default)s]",
    )
    parser = argparse.ArgumentParser(
        prog="python -m tfds_sar.build",
        description="Builds the data set sar_despeckle.",
    )
    commands = parser.add_subparsers(dest="config", required=True)
    for name, config in Builder.builder_configs.items():
        command = commands.add_parser(
            name,
            parents=[common],
            help=config.description,
            description=config.description,
        )
        if isinstance(config, near_real.NearReal):
            _add_near_real(command)
    description = "Pairs from your own co-registered time series."
    _add_stack(
        commands.add_parser(
            "stack", parents=[common], help=description, description=description
        )
    )
    return parser


def _add_stack(command: argparse.ArgumentParser) -> None:
    defaults = {field.name: field.default for field in dataclasses.fields(stack.Series)}
    command.add_argument(
        "paths",
        nargs="+",
        metavar="stack",
        help="images, one a date in the order of time, or a folder of them",
    )
    command.add_argument(
        "--pixels",
        choices=pixels.KINDS,
        default=defaults["pixels"],
        help="what they hold; auto takes complex for slc, integers for amplitude, "
        "other real ones for intensity unless their unit is amplitude",
    )
    command.add_argument(
        "--looks",
        type=float,
        help="of each date [of intensities as Sentinel-1 GRD has them, or estimated]",
    )
    for name, meaning in (
        ("max_changed", "largest part of a tile that may have changed"),
        ("min_looks", "looks that a reference should have"),
        ("max_few", "largest part of a tile whose reference may have fewer"),
    ):
        command.add_argument(
            f"--{name}",
            type=float,
            default=defaults[name],
            help=f"{meaning} [%(default)s]",
        )
    rules = defaults["rules"]
    command.add_argument(
        "--window",
        type=int,
        nargs=2,
        default=rules.window,
        metavar=("ROWS", "COLS"),
        help="pixels around one that may be averaged with it [%(default)s]",
    )
    command.add_argument(
        "--level",
        type=float,
        default=rules.level,
        help="part of the equal pixels that are taken for unequal [%(default)s]",
    )
    command.add_argument(
        "--beam_pipeline_options",
        metavar="NAME=VALUE,...",
        help="run as an Apache Beam pipeline, such as runner=DirectRunner",
    )


def _stack_config(args: dict) -> tuple[stack.FromStack, list[str] | None]:
    """Returns the configuration of a series, and the flags of its Beam pipeline."""
    options = args.pop("beam_pipeline_options")
    flags = None
    if options is not None:
        flags = [f"--{o.lstrip('-')}" for o in options.split(",") if o]
    rules = glrt.Rules(tuple(args.pop("window")), args.pop("level"))
    paths = args.pop("paths")
    config = stack.configure(paths, beam=options is not None, rules=rules, **args)
    return config, flags


def _add_near_real(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--manual_dir",
        type=pathlib.Path,
        required=True,
        help="folder of the published pairs, zipped or not, in any layout",
    )
    command.add_argument(
        "--skip_invalid",
        action="store_true",
        help="go on without the files that do not fit",
    )
    for role, names in (
        ("intensity", units.POWER_UNITS),
        ("reference", units.POWER_UNITS),
        ("phase", units.PHASE_UNITS),
    ):
        command.add_argument(
            f"--{role}_units",
            choices=("auto", *names),
            default="auto",
            help=f"how the {role} is stored (auto: told from the values)",
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    streams.open_closed()
    parser = _parser()
    args = vars(parser.parse_args(argv))
    logging.set_verbosity(logging.INFO)
    name = args.pop("config")
    manual_dir = args.pop("manual_dir", None)
    if manual_dir is not None and not (
        manual_dir.is_dir() and any(manual_dir.iterdir())
    ):
        parser.error(
            f"--manual_dir {manual_dir} must be a folder with the pairs in it."
        )
    common = {name: args.pop(name) for name in ("data_dir", "file_format")}
    try:
        # What is left are fields of the configuration.
        if name == "stack":
            config, common["beam_options"] = _stack_config(args)
        else:
            config = dataclasses.replace(Builder.builder_configs[name], **args)
        builder = build(config, manual_dir=manual_dir, **common)
    except (ValueError, OSError) as error:
        print(f"tfds_sar.build: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tfds_sar.build: stopped; nothing was built.", file=sys.stderr)
        return 130
    for split_name, split in builder.info.splits.items():
        print(f"{split_name}: {split.num_examples} pairs")
    rejected = builder.info.metadata.get("rejected")
    if rejected:
        print("left out:", ", ".join(f"{n} {why}" for why, n in rejected.items()))
    phases = builder.info.metadata.get("tiles_without_phase")
    if phases:
        print("without phase:", ", ".join(f"{n} {why}" for why, n in phases.items()))
    print(
        f"in {builder.data_path}, for config.data.source={builder.builder_config.name}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
