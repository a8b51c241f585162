"""Pairs made of one's own SLC images, for which there is no reference."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from pgd2jax import raster
from pgd2jax.data import pairs, tiles
from pgd2jax.sar import (
    halves,
    pixels,
    respeckle,
    scenes,
    speckle,
    spectrum,
    whitening,
)

SIZE = 256  # Pixels of a tile, square.
GRID = SIZE + 2 * speckle.MARGIN
SURROUNDINGS = 64  # Pixels to each side of a tile that is despeckled.
HELD_OUT = {"validation": 0, "test": 1}  # Numbers of tiles, modulo:
EVERY = 8
DRAWN = 0.5  # Part of the pairs whose ground is a drawn scene.


class Window(NamedTuple):
    """A tile in its surroundings.

    Attributes:
        path: Of its file.
        slc: Samples, [H, W] complex64.
        where: Rows and columns of the tile in them.
    """

    path: str
    slc: np.ndarray
    where: tuple[slice, slice]

    @property
    def tile(self) -> np.ndarray:
        """The samples of the tile, [GRID, GRID]."""
        return self.slc[self.where]


def windows(files: Sequence[str], count: int) -> Iterator[Window]:
    """Yields tiles, evenly spread over all files, each in its surroundings.

    Args:
        files: SLC images, or products of several, of which all are taken.
        count: Tiles at most, but one of each image.

    Yields:
        Windows whose tiles have no gaps.

    Raises:
        ValueError: if a file is no SLC image, too small, or has no tile without gaps.
    """
    images = [(path, layer) for path in files for layer in raster.layers(path)]
    share = max(1, count // len(images))
    for path, layer in images:
        with raster.Image(path, layer) as image:
            if image.dtype.kind != "c":
                raise ValueError(f"{path}: not complex; give SLC images.")
            if min(image.shape) < GRID:
                raise ValueError(
                    f"{path}: {image.shape=} must be at least {GRID} x {GRID}."
                )
            found = 0
            for slc, where in _of_image(image, share):
                found += 1
                yield Window(path, slc, where)
            if not found:
                raise ValueError(
                    f"{path}: {image.layer or 'it'} has no {GRID} x {GRID} pixels "
                    "without gaps."
                )


def _scattered(items: Sequence) -> list:
    """Returns items in an order whose first few are far apart: by the golden ratio."""
    order = np.argsort(np.arange(len(items)) * 0.618034 % 1, kind="stable")
    return [items[index] for index in order]


def _along(start: int, stop: int) -> np.ndarray:
    """Returns where tiles begin that are spread evenly."""
    return np.linspace(start, stop - GRID, (stop - start) // GRID).astype(int)


def _runs(whole: np.ndarray) -> list[int]:
    """Returns where tiles begin in runs of whole columns."""
    ends = np.flatnonzero(np.diff(np.pad(whole, 1).astype(np.int8))).reshape(-1, 2)
    return [col for start, stop in ends.tolist() for col in _along(start, stop)]


def _framed(image: raster.Image, piece: slice) -> slice:
    """Returns a piece without the empty rows at both ends."""

    def holds_data(start):
        band = image.rows(start, min(start + GRID, piece.stop))
        return start + np.flatnonzero(~pixels.no_data(band).all(axis=1))

    starts = range(piece.start, piece.stop, GRID)
    first = next((rows[0] for rows in map(holds_data, starts) if len(rows)), piece.stop)
    last = next((r[-1] for r in map(holds_data, reversed(starts)) if len(r)), first - 1)
    return slice(int(first), int(last) + 1)


def _of_image(image: raster.Image, count: int):
    """Yields up to `count` tiles without gaps with their surroundings, and where."""
    # A tile lies within one piece, as a burst.
    pieces = [_framed(image, piece) for piece in image.pieces]
    places = [
        (piece, row) for piece in pieces for row in _along(piece.start, piece.stop)
    ]
    found = 0
    for number, (piece, row) in enumerate(_scattered(places)):
        # Others make up for a place with gaps, as at the ends of a burst.
        share = -(-(count - found) // (len(places) - number))
        top = max(row - SURROUNDINGS, piece.start)
        band = image.rows(top, min(row + GRID + SURROUNDINGS, piece.stop))
        inside = slice(row - top, row - top + GRID)
        gaps = pixels.no_data(band[inside])
        cols = _scattered(_runs(~gaps.any(axis=0)))
        here = 0
        for col in np.roll(cols, number).tolist():
            left = max(col - SURROUNDINGS, 0)
            cut = band[:, left : col + GRID + SURROUNDINGS].astype(np.complex64)
            yield cut, (inside, slice(col - left, col - left + GRID))
            here, found = here + 1, found + 1
            if found == count:
                return
            if here == share:
                break


class _Own:
    """Examples of tiles in memory; some of them held out."""

    def __init__(self, examples: list[dict[str, np.ndarray]], crop: int, seed: int):
        self._crop, self._seed = crop, seed
        numbers = range(len(examples))
        self._parts = {
            split: [examples[i] for i in numbers if i % EVERY == place]
            for split, place in HELD_OUT.items()
        }
        held = HELD_OUT.values()
        self._train = [examples[i] for i in numbers if i % EVERY not in held]
        if not (self._train and all(self._parts.values())):
            logging.warning(
                "With %d tiles none are held out: they train and measure, too.",
                len(examples),
            )
            self._train = examples
            self._parts = dict.fromkeys(HELD_OUT, examples)

    def examples(self):
        """Returns shuffled tiles."""
        return tiles.shuffled(self._train, self._seed)

    def held_out(self, split: str, count: int) -> pairs.Pair:
        """Returns pairs of the tiles of a split."""
        key = jax.random.key(self._seed)
        make = jax.jit(self._whole)
        found = [
            jax.device_get(make(example, jax.random.fold_in(key, number)))
            for number, example in enumerate(self._parts[split][:count])
        ]
        return jax.tree.map(lambda *images: np.stack(images), *found)


class Respeckled(_Own):
    """Despeckled images under fresh speckle with the spectrum of the original.

    What the network makes of an image stands for the ground; speckle is drawn over it
    with the local transfer function, estimated from the image. The phase keeps its
    meaning, and the reference is known. It is smoother than the ground, and the network
    would learn to smooth: half of the pairs show drawn scenes through the same transfer
    function.
    """

    def __init__(
        self,
        files: Sequence[str],
        count: int,
        despeckle: Callable[[np.ndarray], np.ndarray],
        crop: int,
        seed: int,
    ):
        """Despeckles tiles of the files; see `sources.create`."""
        if crop > SIZE:
            raise ValueError(f"data.crop={crop} must be at most {SIZE}, of a tile.")
        logging.info("Despeckling tiles of %s to train on.", ", ".join(files))
        examples = []
        for window in windows(files, count):
            found = spectrum.estimate(window.tile)
            clean = np.maximum(despeckle(window.slc)[window.where], 0)
            ground = {"reference": clean[..., None]}
            examples.append(ground | found._asdict())
        examples = [jax.tree.map(np.float32, example) for example in examples]
        super().__init__(examples, crop, seed)

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Draws speckle over a crop of the estimate, or over a drawn scene."""
        which, where, noise = jax.random.split(key, 3)
        size = self._crop + 2 * speckle.MARGIN
        row, col = jax.random.randint(where, (2,), 0, GRID - size + 1)
        transfer = _transfer(example, row, size)

        def scene():
            return scenes.through(*jax.random.split(noise), transfer)

        def estimate():
            corner = (row, col, 0)
            cut = jax.lax.dynamic_slice(example["reference"], corner, (size, size, 1))
            return respeckle.draw(noise, cut[..., 0], transfer)

        drawn = jax.random.bernoulli(which, DRAWN)
        return pairs.observed(jax.lax.cond(drawn, scene, estimate))

    def _whole(self, example, key):
        ground = example["reference"][..., 0]
        transfer = _transfer(example, 0, len(ground))
        return pairs.observed(respeckle.draw(key, ground, transfer))


def _transfer(example, row, size: int) -> speckle.Transfer:
    """Returns the transfer function of `size` x `size` pixels of a tile from a row."""
    found = spectrum.Spectrum(*(example[n] for n in spectrum.Spectrum._fields))
    moved = found.centroid.at[0].add(found.drift * row)
    return spectrum.transfer(found._replace(centroid=moved), (size, size))


class Halves(_Own):
    """One half of an SLC image teaches the other: MERLIN; see `sar.halves`.

    One half goes in and the other is the reference, in turns; the likelihood of the
    reference makes what the network returns the intensity. There is no phase.
    """

    def __init__(self, files: Sequence[str], count: int, crop: int, seed: int):
        """Centres tiles of the files; see `sources.create`.

        Raises:
            ValueError: if the spectra of most tiles are not symmetric.
        """
        if crop > GRID:
            raise ValueError(f"data.crop={crop} must be at most {GRID}, of a tile.")
        examples, refused = [], []
        for window in windows(files, count):
            try:
                parts = halves.of(window.tile)
            except ValueError as error:  # As over water, where bright land shines in.
                refused.append(f"{window.path}: {error}")
                continue
            examples.append({"halves": np.stack(parts, axis=-1)})
        if len(refused) > len(examples):
            raise ValueError(refused[0])
        super().__init__(examples, crop, seed)

    def pair(self, example: dict[str, jax.Array], key: jax.Array) -> pairs.Pair:
        """Returns a crop with one half as intensity and the other as reference."""
        where, turn = jax.random.split(key)
        spare = GRID - self._crop + 1
        row, col = jax.random.randint(where, (2,), 0, spare)
        size = (self._crop, self._crop, 2)
        cut = jax.lax.dynamic_slice(example["halves"], (row, col, 0), size)
        swapped = jax.random.bernoulli(turn)
        return self._of(jnp.where(swapped, cut[..., ::-1], cut))

    def _whole(self, example, key):
        del key
        inside = slice(speckle.MARGIN, -speckle.MARGIN)
        whole = self._of(example["halves"][inside, inside])
        # So that the error against the logarithm of a half is least at the intensity.
        return whole._replace(reference=whole.reference * halves.LOG_MEAN)

    def _of(self, parts) -> pairs.Pair:
        return pairs.normalise(
            pairs.Pair(
                intensity=parts[..., :1],
                phase=jnp.zeros_like(parts[..., :1]),
                reference=parts[..., 1:],
                has_phase=jnp.asarray(False),
                looks=jnp.float32(1),
                whitener=whitening.nothing(),
            )
        )
