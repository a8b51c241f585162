"""Where training pairs come from, by the name in `config.data.source`."""

import functools
from collections.abc import Callable
from typing import Protocol

import jax
import numpy as np

from pgd2jax.data import own, pairs, tiles
from pgd2jax.sar import respeckle, scenes

# Keep what is held out of the endless source off its training, and off each other.
HELD_OUT_SEEDS = {"validation": 1 << 20, "test": 1 << 21}
HELD_OUT_SIZE = 256


class Source(Protocol):
    """Examples from the host, pairs on the device."""

    def examples(self):
        """Returns an endless `grain.MapDataset`; None if all is made on the device."""

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Makes one normalised pair on the device from one example."""

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns the first pairs of a split, normalised, as NumPy.

        Args:
            split: "validation" or "test".
            count: Pairs at most.

        Raises:
            ValueError: if the split is empty.
        """


class Stored:
    """Pairs of a TFDS data set as they are."""

    def __init__(self, data_dir: str, config: str, crop: int, seed: int, whiten: bool):
        """Opens the data set; see `create`."""
        self._open = functools.partial(tiles.open_split, data_dir, config)
        self._train = self._open("train")
        self._crop, self._seed = crop, seed
        self._example = functools.partial(tiles.example, whiten=whiten)

    def examples(self):
        """Returns shuffled tiles."""
        return tiles.shuffled(self._train, self._seed).map(self._example)

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Returns a crop of the stored pair."""
        return pairs.normalise(pairs.crop(pairs.Pair(**example), key, self._crop))

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns tiles from all over a split."""
        chosen = tiles.spread(self._open(split), count)
        if not chosen:
            raise ValueError(f"the {split} split of {self._open.args[1]} is empty.")
        examples = [pairs.Pair(**self._example(tile)) for tile in chosen]
        stacked = jax.tree.map(lambda *parts: np.stack(parts), *examples)
        return jax.device_get(jax.vmap(pairs.normalise)(stacked))


class Respeckled(Stored):
    """References of a TFDS data set under fresh speckle."""

    def __init__(self, *stored, white: float):
        """Opens the data set; see `create`."""
        super().__init__(*stored)
        self._white = white

    def examples(self):
        """Returns shuffled tiles, whose own speckle does not matter."""
        read = functools.partial(tiles.example, whiten=False)
        return tiles.shuffled(self._train, self._seed).map(read)

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Draws speckle over a crop of the stored reference."""
        where, kind, noise = jax.random.split(key, 3)
        white, looks = scenes.draw_kind(kind, self._white)
        cut = pairs.crop(pairs.Pair(**example), where, self._crop).reference[..., 0]
        return pairs.observed(respeckle.observe(noise, cut, white, looks))


class Endless:
    """Fresh scenes, transfer functions and speckle; no files, no second look."""

    def __init__(self, crop: int, seed: int, white: float):
        """Draws nothing yet; see `create`."""
        self._crop, self._seed, self._white = crop, seed, white

    def examples(self):
        """Returns None: all is made on the device."""

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
        return pairs.observed(scenes.observe(scene, size, white, looks))


class Mixed:
    """Several sources, each with a share of the examples."""

    def __init__(self, sources: list[Source], weights: list[float]):
        """Takes sources whose tiles are of one size, and their weights."""
        self._sources = sources
        self._weights = [weight / sum(weights) for weight in weights]

    def examples(self):
        """Returns tiles of all; of a source without any, empty ones of that size."""
        stored = [source.examples() for source in self._sources]
        kinds = {tuple(sorted(found[0])) for found in stored if found is not None}
        if len(kinds) > 1:
            raise ValueError(
                "data.mix: slc cannot be mixed with stored pairs, whose tiles have "
                "another size; endless goes with both."
            )
        some = next((found[0] for found in stored if found is not None), {})
        blank = tiles.shuffled([jax.tree.map(np.zeros_like, some)], seed=0)
        return tiles.mixed(
            [blank if found is None else found for found in stored], self._weights
        )

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Makes a pair as the source of the example does."""
        example = dict(example)
        number = example.pop("source")
        makers = [source.pair for source in self._sources]
        return jax.lax.switch(number, makers, example, key)

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns tiles of all, as many of each as its weight says, one at least."""
        found = [
            source.held_out(split, max(1, round(count * weight)))
            for source, weight in zip(self._sources, self._weights, strict=True)
        ]
        return jax.tree.map(lambda *images: np.concatenate(images), *found)


SOURCES = ("endless", "near_real", "respeckled", "simulated", "slc", "merlin")


def weights_of(mix: str) -> dict[str, float]:
    """Reads "near_real=1, endless=3".

    Raises:
        ValueError: if it does not read so.
    """
    weights = {}
    for item in mix.split(","):
        name, _, weight = item.partition("=")
        try:
            # A name that comes twice is none.
            weights[name.strip()] = 0 if name.strip() in weights else float(weight)
        except ValueError:
            weights[name.strip()] = 0.0
    if not all(0 < weight < np.inf for weight in weights.values()):
        raise ValueError(
            f"data.{mix=} must name sources, once each, and weights above 0, such as "
            "'near_real=1, endless=3'."
        )
    return weights


def create(
    source: str,
    *,
    mix: str = "",
    data_dir: str,
    crop: int,
    white: float,
    seed: int,
    files: str = "",
    tiles: int = 0,
    whiten: bool = False,
    load: Callable[[], Callable[[np.ndarray], np.ndarray]] | None = None,
) -> Source:
    """Returns the source of that name, or a mix of several.

    Args:
        source: "simulated", "near_real" or "stack-...", pairs of the TFDS data set;
            "respeckled", the simulated references under fresh speckle; "endless",
            fresh scenes; "slc", one's own images, despeckled and speckled anew; or
            "merlin", their real parts against their imaginary ones.
        mix: Such as "near_real=1, endless=3", instead of `source`: a quarter of the
            examples from near_real. Empty for one source.
        data_dir: Of TFDS.
        crop: Rows and columns of an example.
        white: Part of the examples of "endless" and "respeckled" whose samples are
            independent; the others pass a random transfer function.
        seed: Of order and of what is held out.
        files: SLC images for "slc" and "merlin", with commas between them.
        tiles: To cut from all of them, at most, but one of each image.
        whiten: Whether the network takes white samples, which stored pairs do not tell.
        load: Returns what turns complex samples, [H, W], to intensity; for "slc".

    Raises:
        ValueError: if there is no such source, or the files do not serve.
        MissingDataError: if the data set has not been built.
    """
    if mix:
        weights = weights_of(mix)
        if "merlin" in weights:
            raise ValueError(
                f"data.{mix=}: merlin cannot be mixed; set data.source=merlin."
            )
        rest = {"data_dir": data_dir, "crop": crop, "white": white, "seed": seed}
        rest |= {"files": files, "tiles": tiles, "whiten": whiten, "load": load}
        return Mixed([create(name, **rest) for name in weights], list(weights.values()))
    if source in ("slc", "merlin"):
        paths = [path.strip() for path in files.split(",") if path.strip()]
        if not paths:
            raise ValueError(f"data.{source=} needs SLC images: data.files=a.tif,b.tif")
        if source == "merlin":
            return own.Halves(paths, tiles, crop, seed)
        if load is None:
            raise ValueError(
                f"data.{source=} needs weights to despeckle with: init_from=small, or "
                "a run's folder."
            )
        return own.Respeckled(paths, tiles, load(), crop, seed)
    if source == "endless":
        return Endless(crop, seed, white)
    if source == "respeckled":
        return Respeckled(data_dir, "simulated", crop, seed, whiten, white=white)
    if source in SOURCES or source.startswith(("stack-", "simulated_")):
        return Stored(data_dir, source, crop, seed, whiten)
    known = ", ".join((*SOURCES, "simulated_...", "stack-..."))
    raise ValueError(f"data.{source=} must be one of {known}.")
