"""Scenes to measure on: of a data set, of files, of a time series, canonical ones."""

import functools
import itertools
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from pgd2jax import raster
from pgd2jax.data import tiles
from pgd2jax.metrics import windows
from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels, radiometry

LOOKS_APART = 0.25  # Of a tile that is taken and those asked for.


class Case(NamedTuple):
    """One scene.

    Attributes:
        name: Unique; a file name, too.
        group: Scenes of one group are averaged.
        intensity: Noisy linear power, [H, W] float32; NaN for no data.
        slc: Complex samples, [H, W] complex64, if there is a phase.
        reference: Linear power, [H, W], if there is one.
        looks: Equivalent number of looks of the intensity.
        seed: Of what was drawn; None of what was measured.
        regions: Homogeneous windows that the user knows; None to look for some.
        measures: What else is measured, (estimate, reference) -> {name: number}.
    """

    name: str
    group: str
    intensity: np.ndarray
    slc: np.ndarray | None
    reference: np.ndarray | None
    looks: float
    seed: int | None = None
    regions: list[windows.Window] | None = None
    measures: Callable[[np.ndarray, np.ndarray], dict[str, float]] | None = None


class Cases(NamedTuple):
    """Scenes in order, made one at a time.

    Attributes:
        title: What they are, for a reader.
        count: How many.
        scenes: Iterates over them.
    """

    title: str
    count: int
    scenes: Iterator[Case]


def of_data_set(
    data_dir: str, config: str, split: str, looks: float = 1.0, most: int | None = None
) -> Cases:
    """Returns the tiles of `sar_despeckle` that have about so many looks.

    Args:
        data_dir: Of TFDS.
        config: "simulated", "near_real" or "stack-...", also after "sar_despeckle/".
        split: "test", "validation" or "train".
        looks: Of the tiles to take.
        most: Tiles at most, from all over the split; all if None.

    Raises:
        MissingDataError: if it has not been built.
        ValueError: if there is no such tile.
    """
    config = config.removeprefix("sar_despeckle/")
    source = tiles.open_split(data_dir, config, split)
    # Those of near_real are measured.
    fit = [n for n, e in enumerate(source) if abs(e["looks"] - looks) < LOOKS_APART]
    chosen = tiles.spread(fit, most)
    if not chosen:
        raise ValueError(f"{config}, {split} has no tile of {looks:g} looks.")

    def scenes():
        for number in chosen:
            yield _of_example(source[number])

    kind = "single look" if looks == 1 else f"{looks:g} looks"
    title = f"sar_despeckle/{config}, {split} split, {kind}"
    return Cases(title, len(chosen), scenes())


def _of_example(example) -> Case:
    intensity, phase, reference = (example[name][..., 0] for name in tiles.IMAGES)
    slc = radiometry.slc(intensity, phase) if example["has_phase"] else None
    return Case(
        name=_text(example["id"]).replace("/", "_"),
        group=_text(example["speckle"]),
        intensity=intensity,
        slc=slc,
        reference=reference,
        looks=float(example["looks"]),
    )


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def of_pairs(pairs, title: str) -> Cases:
    """Returns drawn or stored pairs, such as a training's test set.

    Args:
        pairs: `data.pairs.Pair` of arrays [N, H, W, 1].
        title: What they are.
    """

    def scenes():
        for number in range(len(pairs.looks)):
            intensity, phase, reference = (
                np.asarray(image[number, ..., 0])
                for image in (pairs.intensity, pairs.phase, pairs.reference)
            )
            has_phase = bool(pairs.has_phase[number])
            yield Case(
                name=f"tile-{number:03d}",
                group="single-look complex" if has_phase else "intensity",
                intensity=intensity,
                slc=radiometry.slc(intensity, phase) if has_phase else None,
                reference=reference,
                looks=float(pairs.looks[number]),
            )

    return Cases(title, len(pairs.looks), scenes())


def of_files(
    paths: Sequence[pathlib.Path],
    references: Sequence[pathlib.Path] = (),
    *,
    layer: str | None = None,
    kind: str = "auto",
    looks: float | None = None,
    regions: list[windows.Window] | None = None,
) -> Cases:
    """Returns images of the user's own.

    Args:
        paths: What `raster.read` reads.
        references: None, or one a path: images of the same ground without speckle.
        layer: Of the images in each path, if it holds several.
        kind: What the noisy pixels are, one of `pixels.KINDS`.
        looks: Of intensities and amplitudes; if None known of the file, or estimated.
        regions: Homogeneous windows, in all of them.

    Raises:
        ValueError: if there are not as many references, they are of another shape, two
            names are equal, a region lies outside of an image, or pixels cannot be what
            is said of them.
    """
    if references and len(references) != len(paths):
        raise ValueError(
            f"{len(paths)} images and {len(references)} references: give one each."
        )
    names = [path.stem for path in paths]
    for path in paths:
        if names.count(path.stem) > 1:
            raise ValueError(f"{path}: there are two images of this name; rename one.")
    matched = references or [None] * len(paths)

    # Bursts are no neighbours on the ground: each is a scene.
    pieces, kinds = [], set()
    for path, other in zip(paths, matched, strict=True):
        with raster.Image(path, layer) as image:
            pieces.append(image.pieces)
            with raster.named(path):
                kinds.add(pixels.kind_of(image, kind))
            _check_files(image, other, regions)
    if looks not in (None, 1) and kinds == {"slc"}:
        raise ValueError("SLC images have one look; leave --looks out.")

    def scenes():
        for path, other, rows in zip(paths, matched, pieces, strict=True):
            samples, known = _samples(path, layer, kind)
            known = known if looks is None else looks
            reference = None if other is None else _reference(other)
            for number, piece in enumerate(rows):
                name = path.stem if len(rows) == 1 else f"{path.stem}-{number + 1}"
                case = _of_samples(name, "files", samples[piece], known)
                if reference is not None:
                    case = case._replace(reference=reference[piece])
                yield case._replace(regions=regions)

    return Cases(f"{len(paths)} files", sum(map(len, pieces)), scenes())


def _check_files(image: raster.Image, other: pathlib.Path | None, regions) -> None:
    """Checks all that headers tell, before anything is measured."""
    for piece, region in itertools.product(image.pieces, regions or ()):
        windows.check(region, (piece.stop - piece.start, image.shape[1]))
    if other is None:
        return
    with raster.Image(other) as reference:
        if reference.shape != image.shape:
            raise ValueError(
                f"{other}: is {reference.shape}, its image {image.path} {image.shape}; "
                "cut them to the same ground."
            )
        with raster.named(other):
            pixels.kind_of(reference)
        places = [raster.place_tags(one.tags) for one in (reference, image)]
    if all(places) and places[0] != places[1]:
        logging.warning(
            "%s: its place on the ground is not that of its image %s.",
            other,
            image.path,
        )


def _samples(path, layer, kind) -> tuple[np.ndarray, float | None]:
    """Returns samples, and their looks where the file says them."""
    with raster.Image(path, layer) as image, raster.named(path):
        # By the type in the file: where integers have no data, floats are read.
        kind = pixels.kind_of(image, kind)
        return pixels.samples_of(image.rows(0, image.shape[0]), kind), image.looks


def _reference(path) -> np.ndarray:
    """Returns the linear power of a reference."""
    reference, _ = _samples(path, None, "auto")
    return pixels.power_of(reference)


def _of_samples(name, group, samples, looks) -> Case:
    single = np.iscomplexobj(samples)
    intensity = pixels.power_of(samples)
    if not np.isfinite(intensity).any():
        raise ValueError(f"{name}: holds no data, all is NaN or 0.")
    if single:
        looks = 1.0
    elif looks is None:
        looks = sar_looks.estimate(intensity)
    return Case(name, group, intensity, samples if single else None, None, looks)


def of_series(
    paths: Sequence[pathlib.Path],
    *,
    layer: str | None = None,
    kind: str = "auto",
    looks: float | None = None,
    regions: list[windows.Window] | None = None,
) -> Cases:
    """Returns the dates of a time series, each with the mean of all others.

    The own date is left out, so that its speckle is not in its reference. What changed
    between dates counts as an error of every method alike; the reference of T dates has
    (T - 1) times the looks of one, and not more.

    Args:
        paths: Co-registered images or folders of them, as for `raster.series`.
        layer: Of the images in each, if it holds several.
        kind: What the pixels are, one of `pixels.KINDS`.
        looks: Of a date of intensities; if None known of the first, or estimated.
        regions: Homogeneous windows.

    Raises:
        RasterError: if there are fewer than two dates, or they do not fit together.
    """
    found = raster.series(paths)
    with raster.Image(found[0], layer) as first, raster.named(found[0]):
        kind = pixels.kind_of(first, kind)
        looks = first.looks if looks is None else looks
    convert = functools.partial(pixels.samples_of, kind=kind)
    stack, _ = raster.read_stack(found, convert, layer)
    for region in regions or ():
        windows.check(region, stack.shape[1:])

    def scenes():
        total = np.zeros(stack.shape[1:])
        count = np.zeros(stack.shape[1:], np.int32)
        for date in stack:
            power = pixels.power_of(date)
            valid = np.isfinite(power)
            total[valid] += power[valid]
            count += valid
        for path, date in zip(found, stack, strict=True):
            samples = np.array(date)
            case = _of_samples(path.stem, "dates", samples, looks)
            valid = np.isfinite(case.intensity)
            others = count - valid
            rest = total - np.where(valid, case.intensity, 0)
            mean = np.where(others > 0, rest / np.maximum(others, 1), np.nan)
            # A difference of sums may fall below zero by rounding.
            reference = np.maximum(mean, 0).astype(np.float32)
            yield case._replace(reference=reference, regions=regions)

    title = f"{len(found)} dates, each against the mean of the others"
    return Cases(title, len(found), scenes())
