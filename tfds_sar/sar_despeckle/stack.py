"""The configurations stack-...: pairs from one's own co-registered time series.

Every date of every tile makes a pair: its samples, and an adaptive multilook of all the
other dates. So no speckle of the pair's own is in its reference, but where speckle
repeats from date to date (short repeats, arid land).
"""

import collections
import dataclasses
import functools
import hashlib
import itertools
import json
import pathlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from absl import logging

from pgd2jax import raster
from pgd2jax.sar import glrt, pixels, radiometry
from tfds_sar import threads
from tfds_sar.sar_despeckle import tile

COUNTERS = "sar_despeckle"  # Namespace of the Beam counters, with the split.
KEPT = "kept"


class StackError(ValueError):
    """A time series that makes no data set; the message names the mend."""


@dataclasses.dataclass(frozen=True)
class Series:
    """A time series, and what makes a good pair of it.

    Attributes:
        files: Of one date each.
        stamps: Size and time of change of each, so that a file that was written anew is
            another.
        pixels: What they hold, one of `pixels.KINDS`.
        looks: Of each date; if None, known of the file, or as `glrt.Stack` has it.
        rules: Of the adaptive multilook.
        max_changed: Largest part of a tile that may differ from its reference.
        min_looks: Fewest looks of a reference that count as enough: 50 leave 0.6 dB.
        max_few: Largest part of a tile whose reference may have fewer, as layover has.
    """

    files: tuple[str, ...]
    stamps: tuple[tuple[int, int], ...]
    pixels: str = "auto"
    looks: float | None = None
    rules: glrt.Rules = glrt.Rules()  # noqa: RUF009 - frozen.
    max_changed: float = 0.05
    min_looks: float = 50.0
    max_few: float = 0.1

    def digest(self) -> str:
        """Returns eight hex digits of the files, by name, size and time, and the rest.

        Another series, or other options, get a data set of their own.
        """
        facts = dataclasses.asdict(self)
        facts["files"] = [pathlib.Path(file).name for file in self.files]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]

    def why_not(self, samples: np.ndarray, found: glrt.Multilook, date: int) -> str:
        """Returns why a tile on a date makes no pair, or nothing.

        Args:
            samples: Of the date, [rows, cols].
            found: The multilook without the date.
            date: Its number.
        """
        if not (np.isfinite(samples).all() and np.isfinite(found.reference).all()):
            return "no data"
        if found.changed[date].mean() > self.max_changed:
            return "changed"
        if (found.looks < self.min_looks).mean() > self.max_few:
            return "few looks"
        return ""


_OPENING = threading.Lock()


def _open(series: Series) -> glrt.Stack:
    """Returns the series, which each process reads once, whatever its threads."""
    with _OPENING:
        return _read(series)


@functools.lru_cache(maxsize=1)
def _read(series: Series) -> glrt.Stack:
    if _stamps(series.files) != series.stamps:
        raise StackError(
            f"{pathlib.Path(series.files[0]).parent}: files have changed since the "
            "build began, or are not those that it was given; build again."
        )
    with raster.Image(series.files[0]) as first:
        with raster.named(first.path):
            kind = pixels.kind_of(first, series.pixels)
        looks = first.looks if series.looks is None else series.looks
    convert = functools.partial(pixels.samples_of, kind=kind)
    samples, _ = raster.read_stack(map(pathlib.Path, series.files), convert)
    return glrt.Stack(samples, looks=looks, rules=series.rules)


def _stamps(files: Iterable[str]) -> tuple[tuple[int, int], ...]:
    stats = [pathlib.Path(file).stat() for file in files]
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def _pair(
    series: Series, place: tuple[int, int], date: int
) -> tuple[tile.Example | None, str]:
    """Returns the example of one tile on one date, or why there is none."""
    stack = _open(series)
    window = tuple(slice(start, start + tile.SIZE) for start in place)
    samples = np.asarray(stack.samples[date][window])
    if not np.isfinite(samples).all():
        return None, "no data"  # The multilook can be spared.
    found = stack.multilook(window, without=date)
    reason = series.why_not(samples, found, date)
    if reason:
        return None, reason
    slc = np.iscomplexobj(samples)
    ground = f"{series.digest()}_r{place[0]}_c{place[1]}"
    example = tile.example(
        radiometry.intensity(samples) if slc else samples,
        radiometry.phase(samples) if slc else None,
        found.reference,
        phase_note="" if slc else "a series of intensities",
        looks=stack.looks,
        speckle="measured",
        id=f"{ground}_{pathlib.Path(series.files[date]).stem}",
        scene=ground,
    )
    return example, ""


Job = tuple[int, tuple[int, int], int]  # Key, (row, col) of the tile, date.


def _generate(
    series: Series, split: str, jobs: Sequence[Job], rejected: dict[str, int]
) -> Iterator[tuple[int, tile.Example]]:
    """Yields (key, example) of a split; counts what is left out, and says so."""
    reasons = collections.Counter()
    kept = 0

    def one(job):
        return job[0], *_pair(series, *job[1:])

    for key, example, reason in threads.ordered(one, jobs):
        if reason:
            reasons[reason] += 1
            rejected[reason] = rejected.get(reason, 0) + 1
        else:
            kept += 1
            yield key, example
    _report(split, kept, reasons)


def _report(split: str, kept: int, reasons: Mapping[str, int]) -> None:
    """Says what was left out of a split; raises StackError if nothing is kept."""
    why = ", ".join(f"{reason} {number}" for reason, number in sorted(reasons.items()))
    pairs = kept + sum(reasons.values())
    logging.info("%s: %d of %d pairs kept; left out: %s.", split, kept, pairs, why or 0)
    if not kept:
        raise StackError(
            f"{split}: all of its {pairs} pairs are left out ({why}); relax "
            "--max_changed, --min_looks or --max_few, or give a larger scene."
        )


def _beam_pairs(
    job: Job, series: Series, split: str
) -> Iterable[tuple[int, tile.Example]]:
    """Yields what a job makes, on a Beam worker; counters tell what is left out."""
    import apache_beam as beam

    key, place, date = job
    example, reason = _pair(series, place, date)
    beam.metrics.Metrics.counter(f"{COUNTERS}.{split}", reason or KEPT).inc()
    if not reason:
        yield key, example


def deal(shape: tuple[int, int]) -> dict[str, list[tuple[int, int]]]:
    """Deals the whole tiles of a scene to train, validation and test, about 8 : 1 : 1.

    A split is a part of the scene, of whole strips across its longer side; in a scene
    of fewer than three strips, of tiles one after the other.

    Args:
        shape: (rows, cols) of the scene.

    Returns:
        {split: [(row, col) of the first pixel]}.

    Raises:
        StackError: if there are fewer than three tiles.
    """
    rows, cols = (range(0, size - tile.SIZE + 1, tile.SIZE) for size in shape)
    if len(rows) >= len(cols):
        strips = [[(row, col) for col in cols] for row in rows]
    else:
        strips = [[(row, col) for row in rows] for col in cols]
    if len(strips) < 3:
        strips = [[place] for strip in strips for place in strip]
    if len(strips) < 3:
        raise StackError(
            f"a scene of {shape[0]} x {shape[1]} pixels holds {len(strips)} tiles of "
            f"{tile.SIZE} x {tile.SIZE}, but three splits need three at least."
        )
    tenth = max(1, round(len(strips) / 10))
    parts = (strips[: -2 * tenth], strips[-2 * tenth : -tenth], strips[-tenth:])
    return {
        split: list(itertools.chain(*part))
        for split, part in zip(("train", "validation", "test"), parts, strict=True)
    }


@dataclasses.dataclass(kw_only=True)
class FromStack(tile.SarConfig):
    """Pairs of one time series.

    Attributes:
        series: The files and how they are taken.
        beam: Whether to make them in a Beam pipeline; the pairs are the same.
    """

    series: Series
    beam: bool = False

    def examples(
        self, manual_dir: str | None, metadata: dict
    ) -> Mapping[str, tile.Examples]:
        """Returns the examples of each split, a strip of the scene.

        Raises:
            RasterError: if a file cannot be read or does not fit the others.
            StackError: if the scene is too small.
        """
        del manual_dir  # The files are named.
        series = self.series
        stack = _open(series)
        if stack.dates < 3:
            raise StackError(
                f"{stack.dates} dates: a reference without one of them needs two more."
            )
        splits = deal(stack.shape)
        rejected: dict[str, int] = {}
        metadata.update(
            series=dataclasses.asdict(series),
            pixels_to_an_independent_one=float(stack.correlation.sum()),
            rejected=rejected,
        )
        jobs = {
            split: [
                (key, *job)
                for key, job in enumerate(itertools.product(places, range(stack.dates)))
            ]
            for split, places in splits.items()
        }
        if not self.beam:
            return {
                split: _generate(series, split, some, rejected)
                for split, some in jobs.items()
            }
        import apache_beam as beam

        return {
            split: beam.Create(some)
            | f"Spread {split}" >> beam.Reshuffle()
            | f"Cut {split}" >> beam.FlatMap(_beam_pairs, series=series, split=split)
            for split, some in jobs.items()
        }

    def finish_pipeline(self, result, metadata: dict) -> None:
        """Takes the counts of what was left out from Beam's counters.

        Raises:
            StackError: if nothing is left of a split.
        """
        counted = result.metrics().query()["counters"]
        for split in ("train", "validation", "test"):
            reasons = {
                counter.key.metric.name: counter.committed
                for counter in counted
                if counter.key.metric.namespace == f"{COUNTERS}.{split}"
            }
            kept = reasons.pop(KEPT, 0)
            for reason, number in reasons.items():
                rejected = metadata["rejected"]
                rejected[reason] = rejected.get(reason, 0) + number
            _report(split, kept, reasons)


def configure(paths: Sequence[str], *, beam: bool = False, **options) -> FromStack:
    """Returns the configuration of a time series, named by a digest of it.

    Args:
        paths: Files, one a date, or folders of them.
        beam: As in `FromStack`.
        **options: The other attributes of `Series`.
    """
    files = tuple(str(path.absolute()) for path in raster.series(paths))
    missing = [file for file in files if not pathlib.Path(file).is_file()]
    if missing:
        raise StackError(f"{missing[0]}: there is no such file.")
    for name in ("looks", "max_changed", "min_looks", "max_few"):
        if options.get(name) is not None:  # 50 and 50.0 are one.
            options[name] = float(options[name])
            most = 1.0 if name in ("max_changed", "max_few") else 1e6
            if not 0 <= options[name] <= most:
                raise StackError(f"{name}={options[name]} must be 0 to {most:g}.")
    series = Series(files, _stamps(files), **options)
    return FromStack(
        name=f"stack-{series.digest()}",
        description="Pairs from a time series of one's own.",
        series=series,
        beam=beam,
    )
