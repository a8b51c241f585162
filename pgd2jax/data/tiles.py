"""Tiles of a TFDS data set, read by grain; any step can be asked for directly."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from absl import logging

from pgd2jax import raster
from pgd2jax.sar import radiometry, spectrum, whitening

CONFIGS = ("simulated", "near_real", "stack-")  # How names of configurations begin.
IMAGES = ("intensity", "phase", "reference")
# Readers keep ahead of the device without starving a CPU that trains of its cores.
READERS = max(2, (os.cpu_count() or 2) // 2)


class MissingDataError(FileNotFoundError):
    """A data set that has not been built; the message says how to."""


def open_split(data_dir: str, config: str, split: str):
    """Opens one split of `sar_despeckle` for random access, without TensorFlow.

    Raises:
        MissingDataError: if it has not been built in `data_dir`, or is damaged.
    """
    # Slow to import, and not there where only the on-device generator is used.
    import tensorflow_datasets as tfds

    from tfds_sar.sar_despeckle import Builder

    folder = pathlib.Path(data_dir).absolute()
    # Of stack-..., the name is a digest of the files.
    command = "stack FILES" if config.startswith("stack-") else config
    build = f"build it: python -m tfds_sar.build {command} --data_dir {data_dir}"
    if not config.startswith(CONFIGS):
        build = f"it is called {', '.join(CONFIGS)}..."
    missing = MissingDataError(
        f"{folder} holds no sar_despeckle/{config} in array_record; {build}"
    )
    try:
        builder = tfds.core.read_only_builder.builder_from_files(
            f"sar_despeckle/{config}", data_dir=data_dir
        )
    except (tfds.core.registered.DatasetNotFoundError, FileNotFoundError) as error:
        raise missing from error
    except Exception as error:  # Of damaged files, TFDS raises all kinds.
        raise MissingDataError(
            f"{folder}: its sar_despeckle/{config} is damaged "
            f"({raster.in_a_line(error)}); remove it and build it again."
        ) from error
    if builder.version != Builder.VERSION:
        logging.warning(
            "%s: is version %s; what is new in %s: %s Remove it and build it again.",
            builder.data_path,
            builder.version,
            Builder.VERSION,
            Builder.RELEASE_NOTES[str(Builder.VERSION)],
        )
    try:
        return builder.as_data_source(split)
    except FileNotFoundError as error:
        raise missing from error
    except NotImplementedError as error:
        raise MissingDataError(
            f"{builder.data_path}: holds tfrecord, which TensorFlow alone reads; build "
            "it into another --data_dir."
        ) from error


def spread(items: Sequence, most: int | None) -> list:
    """Returns so many items at most, evenly spread: neighbours show one ground."""
    count = len(items) if most is None else min(most, len(items))
    places = np.linspace(0, len(items) - 1, count).round().astype(int).tolist()
    return [items[place] for place in places]


def example(tile: dict[str, np.ndarray], whiten: bool) -> dict[str, Any]:
    """Returns what training needs of a tile: the fields of a `Pair`.

    Args:
        tile: Of the data set.
        whiten: Estimate what makes its samples white, which takes as long as to read
            it; else they are told to be.
    """
    images = {name: tile[name] for name in IMAGES}
    whitener = None
    if whiten and tile["has_phase"]:
        slc = radiometry.slc(images["intensity"], images["phase"])[..., 0]
        whitener = spectrum.whitener([slc])
    return images | {
        "has_phase": np.bool_(tile["has_phase"]),
        "looks": np.float32(tile["looks"]),
        "whitener": whitening.nothing() if whitener is None else whitener,
    }


def shuffled(source, seed: int):
    """Returns an endless `grain.MapDataset`, each epoch in an order of its own.

    Args:
        source: Random access to examples: `len` and `[index]`.
        seed: Of the order.
    """
    import grain

    return grain.MapDataset.source(source).seed(seed).shuffle().repeat()


def mixed(datasets: list, weights: list[float]):
    """Returns endless datasets as one; example i carries its number as "source"."""
    import grain

    marked = [
        dataset.map(lambda found, number=number: found | {"source": np.int32(number)})
        for number, dataset in enumerate(datasets)
    ]
    return grain.MapDataset.mix(marked, weights)


def batches(
    dataset, size: int, start: int, process: int, processes: int
) -> Iterator[dict[str, Any]]:
    """Yields one process's part of every batch from step `start` on, for ever.

    Example i of the dataset belongs to process i mod `processes`, whatever the step.

    Args:
        dataset: An endless `grain.MapDataset`.
        size: Examples a batch, over all processes.
        start: First step.
        process: Number of this process.
        processes: Their count; divides `size`.
    """
    import grain

    share = size // processes
    mine = dataset.slice(slice(start * size + process, None, processes))
    reading = grain.ReadOptions(num_threads=READERS, prefetch_buffer_size=2 * share)
    yield from mine.to_iter_dataset(reading).batch(share)
