"""Simulated pairs, each a function of the seed and its own number alone."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping

import jax
import jax.numpy as jnp

from pgd2jax.sar import scenes
from tfds_sar import threads
from tfds_sar.sar_despeckle import tile

# Drawn with equal chance.
LOOKS = (1, 1, 1, 1, 2, 3, 4)


@functools.partial(jax.jit, static_argnames="size")
def _observe(seed, index, white, looks, size):
    kind, pair = jax.random.split(jax.random.fold_in(jax.random.key(seed), index))
    white_key, looks_key = jax.random.split(kind)
    drawn_white = jax.random.bernoulli(white_key)
    drawn_looks = jax.random.choice(looks_key, jnp.array(LOOKS))
    # Less than 0: as drawn.
    white = jnp.where(white < 0, drawn_white, white > 0)
    return scenes.observe(pair, size, white, jnp.where(looks < 1, drawn_looks, looks))


def simulate(seed: int, index: int, size: int, speckle: str = "mixed") -> tile.Example:
    """Returns example number `index`, which depends on nothing but the arguments.

    Args:
        seed: Of the data set.
        index: Of the tile.
        size: Rows and columns.
        speckle: "correlated" or "white", one look, with phase; or "mixed", both, of 1
            to 4 looks.
    """
    white, looks = {"mixed": (-1, 0), "correlated": (0, 1), "white": (1, 1)}[speckle]
    with jax.enable_x64(False):  # Other numbers would be drawn.
        pair = jax.device_get(_observe(seed, index, white, looks, size))
    name = f"simulated-{seed}-{index:05d}"
    return tile.example(
        pair.intensity,
        pair.phase,
        pair.reference,
        phase_note="" if pair.looks == 1 else "the mean of several looks has no phase",
        looks=pair.looks,
        speckle="white" if pair.white else "correlated",
        id=name,
        scene=name,  # Every tile shows ground of its own.
    )


def generate(
    seed: int, indices: range, size: int, speckle: str = "mixed"
) -> Iterator[tuple[int, tile.Example]]:
    """Yields (index, example) in order, some computed ahead on other threads."""

    def one(index):
        return index, simulate(seed, index, size, speckle)

    return threads.ordered(one, indices)


@dataclasses.dataclass(kw_only=True)
class Simulated(tile.SarConfig):
    """Random scenes behind random transfer functions.

    Attributes:
        seed: Of the simulation.
        count: Tiles to simulate.
        speckle: As `simulate` takes it.
    """

    seed: int = 0
    count: int = 936  # As many as were published.
    speckle: str = "mixed"

    def examples(
        self, manual_dir: str | None, metadata: dict
    ) -> Mapping[str, tile.Examples]:
        """Returns the examples of each split, about 8 : 1 : 1."""
        del manual_dir  # Nothing is needed.
        metadata["options"] = self.options()
        tenth = self.count // 10
        bounds = (0, self.count - 2 * tenth, self.count - tenth, self.count)
        return {
            split: generate(self.seed, range(start, stop), tile.SIZE, self.speckle)
            for split, start, stop in zip(
                ("train", "validation", "test"), bounds[:-1], bounds[1:], strict=True
            )
        }
