"""The configurations stack-...: pairs from one's own co-registered time series.

Every date of every tile makes a pair: its samples, and an adaptive multilook of all the
other dates, so that no speckle of the pair's own is in its reference.
"""

import collections
import dataclasses
import functools
import hashlib
import itertools
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from absl import logging

from pgd2jax import raster
from pgd2jax.sar import glrt, pixels, radiometry
from tfds_sar import threads
from tfds_sar.sar_despeckle import tile

COUNTERS = "sar_despeckle"  # Namespace of the Beam counters of rejected tiles.


class StackError(ValueError):
    """A time series that makes no data set; the message names the mend."""


@dataclasses.dataclass(frozen=True)
class Series:
    """A time series, and what makes a good pair of it.

    Attributes:
        files: Of one date each.
        pixels: What they hold, one of `pixels.KINDS`.
        looks: Of each date.
        rules: Of the adaptive multilook.
        max_changed: Largest part of a tile that may differ from its reference.
        min_looks: Fewest looks of a reference that count as enough: 50 leave 0.6 dB.
        max_few: Largest part of a tile whose reference may have fewer, as layover has.
    """

    files: tuple[str, ...]
    pixels: str = "auto"
    looks: float = 1.0
    rules: glrt.Rules = glrt.Rules()  # noqa: RUF009 - frozen.
    max_changed: float = 0.05
    min_looks: float = 50.0
    max_few: float = 0.1

    def digest(self) -> str:
        """Returns eight hex digits of the files, by name, size and time, and the rest.

        Another series, or other options, get a data set of their own.
        """
        stats = [pathlib.Path(file).stat() for file in self.files]
        facts = [(stat.st_size, stat.st_mtime_ns) for stat in stats]
        text = json.dumps([dataclasses.asdict(self), facts])
        return hashlib.sha256(text.encode()).hexdigest()[:8]

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


@functools.lru_cache(maxsize=1)  # Each Beam worker opens it once.
def _open(series: Series) -> glrt.Stack:
    convert = functools.partial(pixels.samples_of, kind=series.pixels)
    samples, _ = raster.read_stack(map(pathlib.Path, series.files), convert)
    return glrt.Stack(samples, looks=series.looks, rules=series.rules)


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
    ground = f"{pathlib.Path(series.files[0]).parent.name}_r{place[0]}_c{place[1]}"
    example = tile.example(
        radiometry.intensity(samples) if slc else samples,
        radiometry.phase(samples) if slc else None,
        found.reference,
        phase_note="" if slc else "a series of intensities",
        looks=series.looks,
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
    why = ", ".join(f"{reason} {number}" for reason, number in sorted(reasons.items()))
    logging.info("%s: %d of %d pairs kept; %s.", split, kept, len(jobs), why or "all")
    if not kept:
        raise StackError(
            f"{split}: all of its {len(jobs)} pairs are left out ({why}); relax "
            "--max_changed, --min_looks or --max_few, or give a larger scene."
        )


def _beam_pairs(job: Job, series: Series) -> Iterable[tuple[int, tile.Example]]:
    """Yields what a job makes, on a Beam worker; rejections go to its counters."""
    import apache_beam as beam

    key, place, date = job
    example, reason = _pair(series, place, date)
    if reason:
        beam.metrics.Metrics.counter(COUNTERS, reason).inc()
    else:
        yield key, example


def counters_named():
    """Returns the filter of Beam's metrics that finds the rejections."""
    from apache_beam.metrics import MetricsFilter

    return MetricsFilter().with_namespace(COUNTERS)


def deal(shape: tuple[int, int]) -> dict[str, list[tuple[int, int]]]:
    """Deals the whole tiles of a scene to train, validation and test, about 8 : 1 : 1.

    A split is a strip of the scene, across its longer side, with all of its dates.

    Args:
        shape: (rows, cols) of the scene.

    Returns:
        {split: [(row, col) of the first pixel]}.

    Raises:
        StackError: if there are fewer than three tiles.
    """
    rows, cols = (range(0, size - tile.SIZE + 1, tile.SIZE) for size in shape)
    places = list(itertools.product(rows, cols))
    if shape[1] > shape[0]:
        places.sort(key=lambda place: place[::-1])
    if len(places) < 3:
        raise StackError(
            f"a scene of {shape[0]} x {shape[1]} pixels holds {len(places)} tiles of "
            f"{tile.SIZE} x {tile.SIZE}, but three splits need three at least."
        )
    tenth = max(1, len(places) // 10)
    return {
        "train": places[: -2 * tenth],
        "validation": places[-2 * tenth : -tenth],
        "test": places[-tenth:],
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
        keys = itertools.count()
        jobs = {
            split: [
                (next(keys), place, date)
                for place in places
                for date in range(stack.dates)
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
            | f"Cut {split}" >> beam.FlatMap(_beam_pairs, series=series)
            for split, some in jobs.items()
        }


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
    series = Series(files, **options)
    return FromStack(
        name=f"stack-{series.digest()}",
        description="Pairs from a time series of one's own.",
        series=series,
        beam=beam,
    )
