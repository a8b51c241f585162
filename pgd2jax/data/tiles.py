"""Tiles of a TFDS data set, read by grain; any step can be asked for directly."""

import pathlib
from collections.abc import Iterator

import numpy as np

IMAGES = ("intensity", "phase", "reference")


class MissingDataError(FileNotFoundError):
    """A data set that has not been built; the message says how to."""


def open_split(data_dir: str, config: str, split: str):
    """Opens one split of `sar_despeckle` for random access, without TensorFlow.

    Raises:
        MissingDataError: if it has not been built in `data_dir`.
    """
    # Slow to import, and not there where only the on-device generator is used.
    import tensorflow_datasets as tfds

    try:
        builder = tfds.core.read_only_builder.builder_from_files(
            f"sar_despeckle/{config}", data_dir=data_dir
        )
        return builder.as_data_source(split)
    except (
        tfds.core.registered.DatasetNotFoundError,
        FileNotFoundError,
        NotImplementedError,  # What TFDS says of tfrecord files.
    ) as error:
        # Of stack-..., the name is a digest of the files.
        command = "stack FILES" if config.startswith("stack-") else config
        raise MissingDataError(
            f"{pathlib.Path(data_dir).absolute()} holds no sar_despeckle/{config} "
            f"in array_record; build it: python -m tfds_sar.build {command} "
            f"--data_dir {data_dir}"
        ) from error


def crop(
    example: dict[str, np.ndarray], size: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Cuts the same random [size, size, 1] window from each image of an example."""
    rows, cols, _ = example["reference"].shape
    if size > min(rows, cols):
        raise ValueError(f"crop {size=} must be at most {min(rows, cols)}.")
    row = rng.integers(rows - size + 1)
    col = rng.integers(cols - size + 1)
    window = (slice(row, row + size), slice(col, col + size))
    pair = {name: example[name][window] for name in IMAGES}
    return pair | {
        "has_phase": np.bool_(example["has_phase"]),
        "looks": np.float32(example["looks"]),
    }


def batches(
    source, batch_size: int, size: int, crops_per_tile: int, seed: int, start: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yields shuffled batches of random crops from step `start` on, for ever.

    Args:
        source: Of `open_split`.
        batch_size: Examples a batch.
        size: Rows and columns of a crop.
        crops_per_tile: Crops to cut from each tile that is read; divides the batch.
        seed: Of order and crops; a batch depends on it and on its step alone.
        start: First step.
    """
    import grain

    def cut(example, rng):
        crops = [crop(example, size, rng) for _ in range(crops_per_tile)]
        return {name: np.stack([c[name] for c in crops]) for name in crops[0]}

    tiles_per_batch = batch_size // crops_per_tile
    dataset = (
        grain.MapDataset.source(source)
        .seed(seed)
        .shuffle()
        .repeat()
        .random_map(cut)
        .slice(slice(start * tiles_per_batch, None))
    )
    # Two threads keep ahead of the device without starving it of cores.
    reading = grain.ReadOptions(num_threads=2, prefetch_buffer_size=2 * tiles_per_batch)
    for batch in dataset.to_iter_dataset(reading).batch(tiles_per_batch):
        yield {name: x.reshape(batch_size, *x.shape[2:]) for name, x in batch.items()}
