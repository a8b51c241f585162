"""Figures for papers and for one's own eyes; one function each.

Each writes one file, .pdf, .png or .svg by its name, whole or not at all. Images are
linear power, [H, W], shown in decibels, 30 dB from black to white around the median of
what is clean.
"""

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib import figure, rc_context

from pgd2jax.evaluation import statistics, tables
from pgd2jax.evaluation.methods import NOISY
from pgd2jax.metrics import unreferenced
from pgd2jax.metrics.measures import MEASURES
from pgd2jax.raster import atomic
from pgd2jax.sar import radiometry
from pgd2jax.train import scalar_file

TIME = "s_per_mpixel"
FORMATS = (".pdf", ".png", ".svg")
COLUMNS = 4  # Of a gallery.
ASPECTS = 0.2, 3.0  # Height over width of a panel, of long strips.
SPAN = 30.0  # dB from black to white.
LOWEST = 1e-30  # Power whose decibels stand for none.
# Okabe and Ito's colours, told apart by colour-blind readers, too.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#999999",
)


def check(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path.

    Raises:
        ValueError: if its name ends otherwise.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: the name must end in .pdf, .png or .svg.")
    return path


def save(sheet: figure.Figure, path: str | os.PathLike) -> None:
    """Writes a drawn sheet."""
    vector = check(path).suffix.lower() == ".svg"
    # Text stays text, and takes the ground it is put on.
    with atomic.replacing(path) as temporary, rc_context({"svg.fonttype": "none"}):
        sheet.savefig(temporary, bbox_inches="tight", dpi=150, transparent=vector)


def _sheet(cols: float, rows: float) -> figure.Figure:
    return figure.Figure(figsize=(cols, rows), layout="constrained")


def _middle(clean: np.ndarray) -> float:
    """Returns the median in dB of the pixels with power."""
    valid = clean[np.isfinite(clean) & (clean > 0)]
    return float(np.median(radiometry.decibel(valid))) if valid.size else 0.0


def _aspect(image: np.ndarray) -> float:
    rows, cols = image.shape
    return float(np.clip(rows / cols, *ASPECTS))


def _show(axis, image: np.ndarray, middle: float, title: str):
    axis.set_title(title)
    axis.set_xticks([])
    axis.set_yticks([])
    return axis.imshow(
        radiometry.decibel(image, LOWEST),
        cmap="gray",
        vmin=middle - SPAN / 2,
        vmax=middle + SPAN / 2,
        interpolation="nearest",
    )


def comparison(
    path: str | os.PathLike,
    noisy: np.ndarray,
    despeckled: np.ndarray,
    reference: np.ndarray | None = None,
) -> None:
    """Draws noisy, despeckled, reference and ratio image side by side.

    A good ratio image shows speckle alone: structure in it was taken from the scene.

    Args:
        path: .png, .pdf or .svg.
        noisy: Linear power, [H, W].
        despeckled: Linear power, [H, W].
        reference: Linear power, [H, W], if there is one.
    """
    images = {"noisy": noisy, "despeckled": despeckled}
    if reference is not None:
        images["reference"] = reference
    middle = _middle(despeckled if reference is None else reference)
    panels = len(images) + 1
    sheet = _sheet(4 * panels, 4 * _aspect(noisy) + 0.9)
    axes = sheet.subplots(1, panels)
    for axis, (name, image) in zip(axes, images.items(), strict=False):
        shown = _show(axis, image, middle, name)
    sheet.colorbar(shown, ax=axes[:-1], location="bottom", shrink=0.4, label="dB")
    ratio = unreferenced.ratio(noisy, despeckled)
    axes[-1].set(xticks=[], yticks=[], title="ratio: noisy / despeckled")
    shown = axes[-1].imshow(ratio, cmap="gray", vmin=0, vmax=3, interpolation="nearest")
    sheet.colorbar(shown, ax=axes[-1:], location="bottom", shrink=0.8)
    save(sheet, path)


def gallery(path: str | os.PathLike, images: Mapping[str, np.ndarray]) -> None:
    """Draws images of one scene beside each other, on one scale.

    Args:
        path: .png, .pdf or .svg.
        images: Linear power, [H, W] each, by name; the last one gives the scale.
    """
    names = list(images)
    rows = -(-len(names) // COLUMNS)
    columns = min(COLUMNS, len(names))
    sheet = _sheet(3 * columns, 3 * rows * _aspect(images[names[0]]) + 0.6)
    axes = sheet.subplots(rows, columns, squeeze=False).ravel()
    middle = _middle(images[names[-1]])
    for axis, name in zip(axes, names, strict=False):
        shown = _show(axis, images[name], middle, name)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    sheet.colorbar(shown, ax=list(axes), location="bottom", shrink=0.4, label="dB")
    save(sheet, path)


def profile(
    path: str | os.PathLike,
    images: Mapping[str, np.ndarray],
    row: int,
    cols: slice = slice(None),
) -> None:
    """Draws one row of several images, across an edge or a point.

    Args:
        path: .png, .pdf or .svg.
        images: Linear power, [H, W] each, by name.
        row: Number of the row.
        cols: Its columns; all by default.

    Raises:
        ValueError: if an image has no such row.
    """
    sheet = _sheet(6, 3)
    axis = sheet.subplots()
    for number, (name, image) in enumerate(images.items()):
        if not 0 <= row < image.shape[0]:
            raise ValueError(f"{row=} must lie in {image.shape=} of {name}.")
        at = np.arange(image.shape[1])[cols]
        decibel = radiometry.decibel(image[row, cols], LOWEST)
        colour = COLOURS[number % len(COLOURS)]
        axis.plot(at, decibel, label=name, color=colour, linewidth=1)
    axis.set(xlabel=f"column of row {row}", ylabel="intensity, dB")
    axis.legend(frameon=False, fontsize="small")
    axis.spines[["top", "right"]].set_visible(False)
    save(sheet, path)


def distributions(
    path: str | os.PathLike, rows: Iterable[Mapping[str, Any]], measure: str
) -> None:
    """Draws a measure's spread over scenes: quartiles, median, each scene a point.

    The noisy image is left out, which would squeeze the others, here as below.

    Args:
        path: .png, .pdf or .svg.
        rows: Of an evaluation.
        measure: A name of `MEASURES`.

    Raises:
        ValueError: if no row has it.
    """
    values = {}
    for row in rows:
        value = row.get(measure)
        if row["method"] != NOISY and value is not None and np.isfinite(value):
            values.setdefault((row["group"], row["method"]), []).append(value)
    if not values:
        raise ValueError(f"no row has {measure=}.")
    groups = list(dict.fromkeys(group for group, _ in values))
    methods = list(dict.fromkeys(method for _, method in values))
    sheet = _sheet(1.5 + 3.5 * len(groups), 0.8 + 0.35 * len(methods))
    axes = sheet.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    scatter = np.random.default_rng(0)
    for axis, group in zip(axes, groups, strict=True):
        for height, method in enumerate(reversed(methods)):
            points = values.get((group, method), [])
            if not points:
                continue
            axis.boxplot(
                points, positions=[height], orientation="horizontal", showfliers=False
            )
            spread = height + scatter.uniform(-0.2, 0.2, len(points))
            axis.plot(points, spread, ".", color=COLOURS[0], markersize=3, alpha=0.5)
        axis.set(title=group, xlabel=MEASURES[measure].head)
        axis.set_yticks(range(len(methods)), reversed(methods))
        axis.spines[["top", "right"]].set_visible(False)
    save(sheet, path)


def differences(
    path: str | os.PathLike,
    found: Mapping[tuple[str, str, str], statistics.Difference],
    measure: str,
    ours: str,
) -> None:
    """Draws each method's paired difference to ours with its 95 % interval.

    Args:
        path: .png, .pdf or .svg.
        found: From `statistics.differences`.
        measure: A name of `MEASURES` that is in it.
        ours: What the others are compared with.

    Raises:
        ValueError: if the measure is not in it.
    """
    chosen = {
        (group, method): difference
        for (group, method, name), difference in found.items()
        if name == measure and method != NOISY
    }
    if not chosen:
        raise ValueError(f"no difference of {measure=} was found.")
    sheet = _sheet(6, 0.8 + 0.3 * len(chosen))
    axis = sheet.subplots()
    for height, difference in enumerate(reversed(chosen.values())):
        ends = np.nan_to_num([difference.low, difference.high], nan=difference.mean)
        axis.plot(ends, [height, height], color=COLOURS[0], linewidth=2)
        axis.plot(difference.mean, height, "o", color=COLOURS[0], markersize=5)
    names = [f"{method}, {group}" for group, method in reversed(chosen)]
    axis.set_yticks(range(len(names)), names)
    axis.axvline(0, color="grey", linewidth=1)
    axis.set_xlabel(f"{tables.difference_head(measure)}, less {ours}")
    axis.spines[["top", "right"]].set_visible(False)
    save(sheet, path)


def trade_off(
    path: str | os.PathLike,
    means: Mapping[statistics.Key, Mapping[str, statistics.Mean]],
    measure: str = "rmse",
) -> None:
    """Draws a measure over the time that each method takes.

    Args:
        path: .png, .pdf or .svg.
        means: From `statistics.summary`.
        measure: A name of `MEASURES`.

    Raises:
        ValueError: if no method has the measure and a time.
    """
    points = {
        key: (found[TIME].value, found[measure].value)
        for key, found in means.items()
        if key[1] != NOISY and {measure, TIME} <= set(found) and found[TIME].value > 0
    }
    if not points:
        raise ValueError(f"no method has {measure=} and a time.")
    groups = list(dict.fromkeys(group for group, _ in points))
    sheet = _sheet(1 + 4 * len(groups), 3.5)
    axes = sheet.subplots(1, len(groups), squeeze=False)[0]
    for axis, group in zip(axes, groups, strict=True):
        members = {m: place for (other, m), place in points.items() if other == group}
        times = [seconds for seconds, _ in members.values()]
        # On the right there is room for names.
        axis.set(xscale="log", xlim=(min(times) / 2, max(times) * 6), title=group)
        for method, place in members.items():
            axis.plot(*place, "o", color=COLOURS[0])
            axis.annotate(
                method, place, (4, 4), textcoords="offset points", fontsize="small"
            )
        axis.set_xlabel(MEASURES[TIME].head)
        axis.set_ylabel(MEASURES[measure].head)
        axis.spines[["top", "right"]].set_visible(False)
    save(sheet, path)


def training(path: str | os.PathLike, scalars: str | os.PathLike) -> None:
    """Draws the loss and the validation error over the steps of a training.

    Args:
        path: .pdf, .png or .svg.
        scalars: `scalars.csv` of the training's workdir.

    Raises:
        ValueError: if it holds no such curve.
    """
    curves = {"train/loss": [], "validation/rmse": []}
    for row in scalar_file.read(scalars):
        if row.name in curves:
            curves[row.name].append((row.step, row.value))
    if not any(curves.values()):
        raise ValueError(f"{scalars}: holds neither a loss nor a validation error.")
    sheet = _sheet(6, 3)
    left = sheet.subplots()
    right = left.twinx()
    labels = "loss ↓", "validation rmse, dB ↓"
    for axis, points, label, colour in zip(
        (left, right), curves.values(), labels, COLOURS, strict=False
    ):
        if points:
            axis.plot(*np.transpose(points), color=colour, linewidth=1.2)
        axis.set_ylabel(label, color=colour)
        axis.tick_params(axis="y", colors=colour)
        axis.spines["top"].set_visible(False)
    left.set_xlabel("step")
    save(sheet, path)
