"""The figures that an evaluation gives by itself."""

import pathlib
from collections.abc import Iterator

import numpy as np

from pgd2jax.evaluation import records, statistics, tables
from pgd2jax.evaluation.methods import NOISY
from pgd2jax.metrics.measures import MEASURES
from pgd2jax.report import figures
from pgd2jax.sar import radiometry


def write(
    folder: pathlib.Path, evaluation: records.Evaluation
) -> Iterator[pathlib.Path]:
    """Writes figures as .pdf and yields their paths.

    The spread, the paired differences and the trade against time of the leading measure
    (rmse, or ENL without references), and a gallery of the scene that is in the middle
    by it.

    Args:
        folder: For the figures.
        evaluation: Of `records.read`.
    """
    rows, ours = evaluation.rows, evaluation.about["ours"]
    means = statistics.summary(rows)
    found = statistics.differences(rows, ours, tables.COMPARED)
    measure = tables.leading(means)
    compared = tables.measured(means, measure)
    if compared:
        path = folder / f"spread-{measure}.pdf"
        figures.distributions(path, rows, measure)
        yield path
    if any(key[1] != NOISY and key[2] == measure for key in found):
        path = folder / f"differences-{measure}.pdf"
        figures.differences(path, found, measure, ours)
        yield path
    if compared:
        path = folder / f"time-{measure}.pdf"
        figures.trade_off(path, means, measure)
        yield path
    scene = _middle(rows, ours, measure)
    images = evaluation.images(scene)
    power = {
        name: radiometry.from_decibel(image.astype("float32"))
        for name, image in images.items()
    }
    order = [name for name in evaluation.about["methods"] if name in power]
    order += ["reference"] * ("reference" in power)
    path = folder / f"gallery-{scene}.pdf"
    figures.gallery(path, {name: power[name] for name in order})
    yield path


def _middle(rows, ours: str, measure: str) -> str:
    """Returns the scene that is in the middle by our method's measure."""
    mine = [row for row in rows if row["method"] == ours]
    losses = [MEASURES[measure].loss(row.get(measure, np.nan)) for row in mine]
    order = np.argsort(losses, kind="stable")  # NaN comes last.
    return mine[order[len(order) // 2]]["scene"]
