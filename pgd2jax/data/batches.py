"""Numbered batches of a source: which examples belong to which step and process."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from pgd2jax.data import sources, tiles


class Batches:
    """The batches of a run.

    Every step's batch depends on its number alone, so that the number of steps in a
    checkpoint is the position in the data, on any number of processes and devices.

    Attributes:
        source: Makes the pairs.
        batch_size: Pairs a step, over all processes.
        crops_per_tile: Pairs cut from each tile.
    """

    def __init__(self, source: sources.Source, batch_size: int, crops_per_tile: int):
        """Takes a source and sizes; see `create`."""
        self.source = source
        self.batch_size = batch_size
        self.crops_per_tile = crops_per_tile

    @property
    def tiles(self) -> int:
        """Tiles a step, over all processes."""
        return self.batch_size // self.crops_per_tile

    def since(
        self, step: int, process: int = 0, processes: int = 1
    ) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
        """Yields what one process needs of every batch after `step` steps, for ever.

        Args:
            step: Steps taken before.
            process: Number of this process.
            processes: Their count; divides `tiles`.

        Yields:
            Numbers of the tiles over the whole run, [T] int32, and {name: [T, ...]};
            no names where all is made on the device.
        """
        dataset = self.source.examples()
        examples = (
            itertools.repeat({})
            if dataset is None
            else tiles.batches(dataset, self.tiles, step, process, processes)
        )
        first = itertools.count(step * self.tiles + process, self.tiles)
        for start, found in zip(first, examples, strict=False):
            yield np.arange(start, start + self.tiles, processes, np.int32), found


def create(*, batch_size: int, crops_per_tile: int, **source) -> Batches:
    """Returns the batches of a configuration's `data` group.

    Args:
        batch_size: Pairs a step, over all devices.
        crops_per_tile: Pairs to cut from each tile that is read: reading takes cores
            from training on a CPU. "endless" has no tiles.
        **source: As for `sources.create`.

    Raises:
        ValueError: if there is no such source, or the crops do not fill a batch.
        MissingDataError: if the data set has not been built.
    """
    if batch_size % crops_per_tile:
        raise ValueError(f"data.{batch_size=} must divide by data.{crops_per_tile=}.")
    return Batches(sources.create(**source), batch_size, crops_per_tile)
