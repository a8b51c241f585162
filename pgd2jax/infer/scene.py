"""Despeckles a file to a file, band by band."""

import contextlib
import functools
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pgd2jax import raster
from pgd2jax.infer.ahead import ahead
from pgd2jax.infer.despeckler import Despeckler
from pgd2jax.infer.journal import Journal, fingerprint
from pgd2jax.infer.source import Source
from pgd2jax.sar import calibration, radiometry


class Unit(NamedTuple):
    """What is written.

    Attributes:
        name: For people.
        of: Linear power -> what is written.
        overviews: How GDAL makes the overviews of a COG.
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    overviews: str = "average"


UNITS = {
    "intensity": Unit("linear power", lambda power: power),
    "amplitude": Unit("amplitude", radiometry.amplitude, "rms"),
    "decibel": Unit(
        "dB", lambda power: radiometry.decibel(np.where(power > 0, power, np.nan))
    ),
}


class Taken(NamedTuple):
    """What the pixels of a file were taken for.

    Attributes:
        kind: "slc", "intensity" or "amplitude".
        looks: Equivalent number of looks: given, known of the file, or estimated.
        bursts: In how many pieces the image was despeckled.
    """

    kind: str
    looks: float
    bursts: int


class Results(NamedTuple):
    """What is written.

    Attributes:
        image: The result.
        look: Its quicklook, if any.
        noise: The mask of where only noise was, if any.
    """

    image: pathlib.Path
    look: pathlib.Path | None = None
    noise: pathlib.Path | None = None


def results(
    target: str | os.PathLike, quicklook: bool, subtract_noise: bool
) -> Results:
    """Returns what is written for a target: itself, and what goes beside it."""
    target = raster.check_format(target)
    return Results(
        target,
        target.with_suffix(".png") if quicklook else None,
        target.with_name(f"{target.stem}-noise{target.suffix}")
        if subtract_noise
        else None,
    )


def check_paths(
    source: str | os.PathLike, made: Results, overwrite: bool, resume: bool
) -> None:
    """Checks that an image may be read and its results written, before any work.

    Args:
        source: To be read.
        made: To be written.
        overwrite: Whether they may exist.
        resume: Whether what lies beside the image may, where a stopped run left it.

    Raises:
        ValueError: if nothing reads the source, or a target is the source or exists.
        OSError: if the folder of a target is missing or read-only.
    """
    source = pathlib.Path(source)
    raster.format_of(source)
    for target in filter(None, made):
        if source.resolve() in (target.resolve(), *target.resolve().parents):
            raise ValueError(
                f"{target}: is the input, or in it; give the output another name."
            )
    _check_new(made, overwrite, resume)


def _check_new(made: Results, overwrite: bool, resume: bool) -> None:
    """Checks that results may be put where they are to be; see `check_paths`."""
    begun = resume and Journal.exists(made.image)
    for target in filter(None, made):
        raster.check_new(target, overwrite or (begun and target != made.image))


def despeckle(
    despeckler: Despeckler,
    source: str | os.PathLike,
    target: str | os.PathLike,
    *,
    layer: str | None = None,
    kind: str = "auto",
    looks: float | None = None,
    calibrate: str | None = None,
    subtract_noise: bool = False,
    deburst: bool = False,
    unit: str = "intensity",
    cog: bool = False,
    quicklook: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    tile: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Reads an image, despeckles it and writes the result; geo tags are kept.

    Reading, computing and writing overlap, and only some bands of the image are in
    memory at once.

    Args:
        despeckler: Of `infer.load`.
        source: What `raster.Image` reads, of complex or real pixels.
        target: .npy, .tif or .tiff; float32. It appears whole or not at all.
        layer: Of the images in the source, if it holds several.
        kind: What the pixels of `source` are, one of `pixels.KINDS`.
        looks: As for `Despeckler.open`.
        calibrate: "sigma0", "beta0" or "gamma0", for Sentinel-1 products; None leaves
            the power of the file's numbers.
        subtract_noise: Whether to subtract the thermal noise that a Sentinel-1 product
            names. What is left is never negative; where it is 0, a mask beside the
            result, NAME-noise.tif, is 1.
        deburst: Whether to leave out what bursts of Sentinel-1 have twice, so that the
            result is one image on the ground.
        unit: Of the result, one of `UNITS`; no data are NaN in decibels.
        cog: Whether to write a cloud-optimised GeoTIFF; needs rasterio.
        quicklook: Whether to write the result at reduced size beside it, NAME.png.
        overwrite: Whether files that exist may be replaced.
        resume: Whether to keep finished rows beside the result while it is made, and to
            go on from those of a run that was stopped.
        tile: As for the despeckler.
        progress: As for the despeckler.

    Returns:
        What the pixels were taken for.

    Raises:
        RasterError: if a file cannot be read or written.
        OSError: if the folder of a target is missing or read-only, or it exists.
        ValueError: if the pixels cannot be despeckled; the message names the file.
    """
    made = results(target, quicklook, subtract_noise)
    check_paths(source, made, overwrite, resume)
    with raster.Image(source, layer) as image:
        opened = Source(image, kind)
        with raster.named(source):
            calibrated = _calibration(image, calibrate, subtract_noise)
            kept, tags = (slice(0, image.shape[0]),), image.tags
            if deburst:
                kept, tags = image.deburst()
            seen = despeckler.examine(
                opened.read, opened.shape, opened.dtype, opened.looks(looks)
            )
        powers = functools.partial(
            despeckler.bands,
            opened.read,
            opened.shape,
            seen,
            tile,
            progress,
            pieces=image.pieces,
        )
        shape = sum(part.stop - part.start for part in kept), image.shape[1]
        if resume:
            identity = _identity(despeckler, opened, seen)
            journal = Journal(target, image.shape, identity)
            rows = shape[0] * (2 if cog else 1) + image.shape[0] - journal.rows
            raster.check_space(made.image, (rows, shape[1]), np.float32)
            bands = _resumed(journal, powers, image.shape[0])
        else:
            bands = powers()
        look, noisy = raster.Quicklook(shape), []

        def written():
            # Calibration and a quicklook keep no device waiting.
            with (
                raster.named(source),
                contextlib.closing(ahead(bands, depth=1)) as ready,
            ):
                for rows, power in _within(kept, ready):
                    clean = calibrated(rows, power)
                    if made.look:
                        look.add(clean)
                    if made.noise:
                        noisy.append(np.packbits((clean == 0) & (power > 0), axis=1))
                    yield UNITS[unit].of(clean)
            _check_new(made, overwrite, resume)  # Others may have come meanwhile.
            # First what lies beside the result: where that is, all is there.
            if made.noise:
                masks = (np.unpackbits(m, axis=1, count=shape[1]) for m in noisy)
                place = raster.place_tags(tags)
                raster.write_rows(made.noise, masks, shape, np.uint8, place)
            if made.look:
                look.write(made.look)

        description = f"{calibrate or 'backscatter'}, despeckled"
        if subtract_noise:
            description += ", thermal noise subtracted"
        with contextlib.closing(ahead(written(), depth=1)) as rows:
            raster.write_rows(
                made.image,
                rows,
                shape,
                np.float32,
                raster.described(
                    raster.result_tags(tags, zero=unit != "decibel"),
                    UNITS[unit].name,
                    description,
                ),
                overviews=UNITS[unit].overviews if cog else None,
            )
        Journal.remove(target)  # Also that of an earlier run.
    return Taken(opened.kind, seen.looks, len(image.pieces))


def _calibration(
    image: raster.Image, quantity: str | None, subtract_noise: bool
) -> calibration.Calibration:
    cols, gain, noise, along = image.shape[1], None, None, ()
    if quantity:
        gain = calibration.Table(*image.gain(quantity), cols=cols)
    if subtract_noise:
        across, along = image.noise()
        noise = calibration.Table(*across, cols=cols)
    return calibration.Calibration(gain, noise, along)


def _within(
    kept: tuple[slice, ...], bands: Iterator[tuple[slice, np.ndarray]]
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields of bands of rows those parts that are kept."""
    for rows, power in bands:
        for part in kept:
            start, stop = max(rows.start, part.start), min(rows.stop, part.stop)
            if start < stop:
                inside = slice(start - rows.start, stop - rows.start)
                yield slice(start, stop), power[inside]


def _identity(despeckler: Despeckler, source: Source, seen) -> dict:
    """Returns what the rows of a result depend on."""
    about = source.image.path.stat()
    return {
        "source": [source.image.path.resolve(), source.image.layer, source.kind],
        "file": [about.st_size, about.st_mtime_ns],
        "looks": float(seen.looks),
        "scale": str(seen.scale),  # Of another header or measurement, another.
        "model": repr(despeckler.model),
        "weights": fingerprint(despeckler.params),
    }


def _resumed(
    journal: Journal, powers: Callable, rows: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the bands of a journal, and then new ones, which it keeps."""
    row = 0
    for power in journal.finished():
        yield slice(row, row + len(power)), power
        row += len(power)
    if row == rows:
        return
    for place, power in powers(wanted=slice(row, rows)):
        place, power = slice(row, place.stop), power[row - place.start :]
        journal.add(power)
        yield place, power
        row = place.stop
