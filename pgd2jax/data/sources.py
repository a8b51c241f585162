"""Where training pairs come from, by the name in `config.data.source`."""

import functools
import itertools
from collections.abc import Iterator
from typing import Protocol

import jax
import numpy as np

from pgd2jax.data import pairs, tiles
from pgd2jax.sar import respeckle, scenes

# Keep what is held out of the endless source off its training, and off each other.
HELD_OUT_SEEDS = {"validation": 1 << 20, "test": 1 << 21}
HELD_OUT_SIZE = 256


class Source(Protocol):
    """Batches from the host, pairs on the device."""

    def batches(self, start: int) -> Iterator[dict[str, np.ndarray]]:
        """Yields {name: [B, ...]} from step `start` on; always the same for a step."""

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Makes one normalised pair on the device from one example of a batch."""

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns the first pairs of a split, normalised, as NumPy.

        Args:
            split: "validation" or "test".
            count: Pairs at most.

        Raises:
            ValueError: if the split is empty.
        """


def _observed(observation) -> pairs.Pair:
    return pairs.normalise(
        pairs.Pair(
            intensity=observation.intensity[..., None],
            phase=observation.phase[..., None],
            reference=observation.reference[..., None],
            has_phase=observation.looks == 1,
            looks=observation.looks,
        )
    )


class Stored:
    """Pairs of a TFDS data set as they are."""

    def __init__(
        self,
        data_dir: str,
        config: str,
        batch_size: int,
        crop: int,
        crops_per_tile: int,
        seed: int,
    ):
        """Opens the data set; see `create`."""
        self._open = functools.partial(tiles.open_split, data_dir, config)
        self._train = self._open("train")
        self._cut = (batch_size, crop, crops_per_tile, seed)

    def batches(self, start: int) -> Iterator[dict[str, np.ndarray]]:
        """Yields shuffled crops."""
        return tiles.batches(self._train, *self._cut, start)

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Returns the stored pair."""
        del key  # Nothing is drawn.
        return pairs.normalise(pairs.Pair(**example))

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns the first tiles of a split."""
        tiles_of = self._open(split)
        chosen = [tiles_of[index] for index in range(min(count, len(tiles_of)))]
        if not chosen:
            raise ValueError(f"the {split} split of {self._open.args[1]} is empty.")
        names = pairs.Pair._fields
        stacked = pairs.Pair(**{n: np.stack([e[n] for e in chosen]) for n in names})
        return jax.device_get(jax.vmap(pairs.normalise)(stacked))


class Respeckled(Stored):
    """References of a TFDS data set under fresh speckle."""

    def __init__(self, *stored, white: float):
        """Opens the data set; see `create`."""
        super().__init__(*stored)
        self._white = white

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Draws speckle over the stored reference."""
        kind, noise = jax.random.split(key)
        white, looks = scenes.draw_kind(kind, self._white)
        reference = example["reference"][..., 0]
        return _observed(respeckle.observe(noise, reference, white, looks))


class Endless:
    """Fresh scenes, transfer functions and speckle; no files, no second look."""

    def __init__(self, crop: int, seed: int, white: float):
        """Draws nothing yet; see `create`."""
        self._crop, self._seed, self._white = crop, seed, white

    def batches(self, start: int) -> Iterator[dict[str, np.ndarray]]:
        """Yields empty examples: all is made on the device."""
        return itertools.repeat({})

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Draws a pair from the key alone."""
        del example
        return self._draw(key, self._crop)

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Draws a fixed set of tiles."""
        key = jax.random.key(self._seed + HELD_OUT_SEEDS[split])
        keys = jax.random.split(key, count)
        draw = jax.jit(functools.partial(self._draw, size=HELD_OUT_SIZE))
        drawn = [jax.device_get(draw(key)) for key in keys]
        return jax.tree.map(lambda *images: np.stack(images), *drawn)

    def _draw(self, key: jax.Array, size: int) -> pairs.Pair:
        kind, scene = jax.random.split(key)
        white, looks = scenes.draw_kind(kind, self._white)
        return _observed(scenes.observe(scene, size, white, looks))


SOURCES = ("endless", "near_real", "respeckled", "simulated")


def create(
    source: str,
    *,
    data_dir: str,
    batch_size: int,
    crop: int,
    crops_per_tile: int,
    white: float,
    seed: int,
) -> Source:
    """Returns the source of that name.

    Args:
        source: "simulated", "near_real" or "stack-...", pairs of the TFDS data set;
            "respeckled", the simulated references under fresh speckle; "endless",
            fresh scenes.
        data_dir: Of TFDS; "endless" needs none.
        batch_size: Examples a step, over all devices.
        crop: Rows and columns of an example.
        crops_per_tile: Examples to cut from each tile that is read: reading takes
            cores from training on a CPU. "endless" has no tiles.
        white: Part of the examples of "endless" and "respeckled" whose samples are
            independent; the others pass a random transfer function.
        seed: Of order, crops and all that is drawn.

    Raises:
        ValueError: if there is no such source, or the crops do not fill a batch.
        MissingDataError: if the data set has not been built.
    """
    if batch_size % crops_per_tile:
        raise ValueError(f"data.{batch_size=} must divide by data.{crops_per_tile=}.")
    if source == "endless":
        return Endless(crop, seed, white)
    sizes = (batch_size, crop, crops_per_tile, seed)
    if source == "respeckled":
        return Respeckled(data_dir, "simulated", *sizes, white=white)
    if source in SOURCES or source.startswith("stack-"):
        return Stored(data_dir, source, *sizes)
    raise ValueError(f"data.{source=} must be one of {', '.join(SOURCES)}, stack-....")
