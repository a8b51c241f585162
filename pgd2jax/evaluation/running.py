"""Runs methods over scenes and measures what comes out."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from pgd2jax.evaluation.cases import Case
from pgd2jax.evaluation.methods import Method
from pgd2jax.metrics import measuring, windows
from pgd2jax.metrics.undefined import MeasureWarning

Row = dict[str, Any]


def rows(
    scenes: Iterator[Case],
    methods: Mapping[str, Method],
    keep: Callable[[Case, dict[str, np.ndarray]], None] | None = None,
) -> Iterator[Row]:
    """Yields a row for each scene and method.

    Homogeneous windows are those of the noisy scene, the same for all methods. Before a
    method is timed on scenes of a size, with or without phase, it has despeckled one,
    compilation included.

    Args:
        scenes: To measure on.
        methods: From `methods.create`.
        keep: Called with each scene and its estimates by method.

    Yields:
        Scene, group, method, looks, seed, s_per_mpixel, the measures, NaN where they
        are not defined, and in `undefined` why.

    Raises:
        ValueError: if a method fails on a scene; the message names both.
    """
    warm = set()
    for case in scenes:
        regions = case.regions or windows.homogeneous(case.intensity, case.looks)
        estimates = {}
        for name, method in methods.items():
            try:
                kind = name, case.intensity.shape, case.slc is None
                if kind not in warm:
                    method(case)
                    warm.add(kind)
                start = time.perf_counter()
                estimate = np.asarray(method(case))
                seconds = time.perf_counter() - start
                found = _measure(case, estimate, regions)
            except ValueError as error:
                raise ValueError(f"{name}, {case.name}: {error}") from error
            estimates[name] = estimate
            yield {
                "scene": case.name,
                "group": case.group,
                "method": name,
                "looks": case.looks,
                "seed": case.seed,
                "s_per_mpixel": seconds / case.intensity.size * 1e6,
                **found,
            }
        if keep is not None:
            keep(case, estimates)


def _measure(case: Case, estimate: np.ndarray, regions) -> Row:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MeasureWarning)
        found = measuring.measure(
            case.intensity,
            estimate,
            case.reference,
            looks=case.looks,
            windows=regions,
        )
        if case.measures is not None:
            found |= case.measures(estimate, case.reference)
    reasons = dict.fromkeys(
        str(warning.message)
        for warning in caught
        if issubclass(warning.category, MeasureWarning)
    )
    return {**found, "undefined": " ".join(reasons)}
