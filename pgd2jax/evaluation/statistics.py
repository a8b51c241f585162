"""What rows say together: means, and how sure differences between methods are."""

import collections
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from pgd2jax.metrics.measures import MEASURES

CONFIDENCE = 0.95
RESAMPLES = 5000
FEWEST = 3  # Scenes, for an interval.

Key = tuple[str, str]  # Group and method.


class Mean(NamedTuple):
    """A measure of a method over scenes.

    Attributes:
        value: Its mean.
        loss: Mean of what each scene is off the best: of errors to both sides the
            distances, which do not cancel.
    """

    value: float
    loss: float


class Difference(NamedTuple):
    """A method's measure less that of another, over the scenes of both.

    Attributes:
        mean: Of the differences scene by scene.
        low: Lower end of its 95 % interval; NaN for fewer than three scenes.
        high: Upper end.
        scenes: How many.
    """

    mean: float
    low: float
    high: float
    scenes: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def _grouped(rows: Iterable[Mapping[str, Any]]) -> dict[Key, list]:
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["group"], row["method"]].append(row)
    return groups


def _values(rows, measure) -> np.ndarray:
    return np.array([row.get(measure, math.nan) for row in rows], np.float64)


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, Mean | int]]:
    """Returns the mean of each measure over scenes, by (group, method).

    The rmse is the root of the mean square: over the pixels of all scenes, if these are
    equally large. Scenes in which a measure is not defined are left out of its mean. A
    measure that no row has is absent. "scenes" is the number of scenes.
    """
    found = {}
    for key, members in _grouped(rows).items():
        found[key] = means = {"scenes": len(members)}
        for measure in MEASURES:
            values = _values(members, measure)
            values = values[np.isfinite(values)]
            if not values.size:
                continue
            if measure == "rmse":
                rmse = float(np.sqrt(np.mean(values**2)))
                means[measure] = Mean(rmse, rmse)
                continue
            losses = [MEASURES[measure].loss(value) for value in values]
            means[measure] = Mean(float(np.mean(values)), float(np.mean(losses)))
    return found


def best(
    means: Mapping[Key, Mapping[str, Mean | int]], group: str, measure: str, but: str
) -> str | None:
    """Returns the method with the least mean loss in a group; None if none has it.

    Args:
        means: From `summary`.
        group: Of scenes.
        measure: A name of `MEASURES`.
        but: A method that does not compete: the noisy image.
    """
    losses = {
        method: found[measure].loss
        for (other, method), found in means.items()
        if other == group and method != but and measure in found
    }
    return min(losses, key=losses.get) if losses else None


def differences(
    rows: Iterable[Mapping[str, Any]], ours: str, measures: Iterable[str], seed: int = 0
) -> dict[tuple[str, str, str], Difference]:
    """Returns each method's measures less those of `ours`, by (group, method, measure).

    Scene by scene, so that what is hard for all does not count; intervals by the
    bias-corrected and accelerated bootstrap over scenes (Efron 1987). Of a measure
    whose best is 0 or 1, the distance from it is compared.

    Args:
        rows: From `running.rows`.
        ours: The method that the others are compared with.
        measures: Names of `MEASURES`.
        seed: Of the resampling.
    """
    groups = _grouped(rows)
    found = {}
    for (group, method), members in groups.items():
        others = {row["scene"]: row for row in groups.get((group, ours), ())}
        if method == ours or not others:
            continue
        pairs = [(row, others[row["scene"]]) for row in members]
        for measure in measures:
            values = np.transpose(
                [
                    [_distance(row.get(measure), measure) for row in pair]
                    for pair in pairs
                ]
            )
            difference = values[0] - values[1]
            difference = difference[np.isfinite(difference)]
            if difference.size:
                found[group, method, measure] = _interval(difference, seed)
    return found


def _distance(value, measure) -> float:
    if value is None:
        return math.nan
    if MEASURES[measure].better in ("zero", "one"):
        return MEASURES[measure].loss(value)
    return value


def _interval(values: np.ndarray, seed: int) -> Difference:
    mean, count = float(values.mean()), len(values)
    if count < FEWEST or not np.ptp(values) > 0:
        end = mean if count >= FEWEST else math.nan
        return Difference(mean, end, end, count)
    ends = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Difference(mean, float(ends.low), float(ends.high), count)
