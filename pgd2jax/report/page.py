"""One page on an evaluation: a single HTML file that needs no network."""

import html
import importlib.resources
import json
import os
import pathlib
import re
import string
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pgd2jax.evaluation import statistics, tables
from pgd2jax.evaluation.methods import NOISY
from pgd2jax.evaluation.records import Evaluation
from pgd2jax.metrics.measures import MEASURES
from pgd2jax.raster import atomic
from pgd2jax.report import encoding, figures

BUDGET = 12_000_000  # Bytes of images; the page stays under 15 MB.
SPREADS = ("rmse", "bias", "psnr_amplitude", "ssim_decibel", "enl", "m_index")


def write(
    path: str | os.PathLike,
    evaluation: Evaluation,
    scalars: pathlib.Path | None = None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Writes the page.

    Args:
        path: .html; appears whole or not at all.
        evaluation: Of `records.read`.
        scalars: A training's `scalars.csv`, for its curves.
        config: The training's configuration.

    Raises:
        ValueError: if the evaluation has no rows.
        EvaluationError: if an image of it cannot be read.
    """
    if not evaluation.rows:
        raise ValueError(f"{evaluation.folder}: the evaluation has no rows to show.")
    about = evaluation.about
    means = statistics.summary(evaluation.rows)
    scenes, total = _scenes(evaluation, tables.leading(means))
    escape = html.escape
    created = about["created"].replace("T", " ").removesuffix("+00:00")
    fields = {
        "title": escape(f"Despeckling: {about['data']}"),
        "lead": escape(
            f"{total} scenes, {len(about['methods'])} methods; {created} UTC, "
            f"pgd2jax {about['versions']['pgd2jax']}, {about['device']}"
        ),
        "tables": "\n".join(
            _table(means, group, about["ours"])
            for group in dict.fromkeys(group for group, _ in means)
        ),
        "senses": "".join(
            f"<dt>{escape(MEASURES[name].head)}</dt><dd>{escape(MEASURES[name].sense)}</dd>"
            for name in tables.columns(means)
        ),
        "shown": escape(_told(scenes, total)),
        "charts": _charts(evaluation, means, scalars),
        "command": escape(about["command"]),
        "facts": _facts(about),
        "config": _config(config),
        "data": _json(
            {
                "ours": about["ours"],
                "step": encoding.STEP,
                "measures": [
                    (name, _head(name), MEASURES[name].digits)
                    for name in tables.columns(means)
                ],
                "scenes": scenes,
            }
        ),
        "style": _asset("uplot/uPlot.min.css") + _asset("page.css"),
        "plot": _asset("uplot/uPlot.iife.min.js"),
        "script": _asset("page.js"),
    }
    page = string.Template(_asset("page.html")).substitute(fields)
    with atomic.replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")


def _asset(name: str) -> str:
    folder = importlib.resources.files("pgd2jax.report") / "assets"
    return (folder / name).read_text(encoding="utf-8")


def _json(found: Any) -> str:
    """Returns JSON that cannot end the script it stands in."""
    return json.dumps(found, separators=(",", ":")).replace("<", "\\u003c")


def _head(name: str) -> str:
    """Returns the head of a column, whose arrow stays with its unit."""
    return re.sub(" (?=[↓↑→01])", "\N{NO-BREAK SPACE}", MEASURES[name].head)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _table(means, group: str, ours: str) -> str:
    available = tables.columns(means)
    brief = set(tables.brief(means))

    def cell(kind, name, text):
        more = "" if name in brief else ' class="more"'
        return f"<{kind}{more}>{text}</{kind}>"

    def value(method, name):
        found = means[group, method].get(name)
        if found is None:
            return ""
        text = _number(found.value, MEASURES[name].digits)
        best = statistics.best(means, group, name, NOISY) == method
        return f'<strong class="best">{text}</strong>' if best else text

    heads = "".join(cell("th", n, html.escape(_head(n))) for n in available)
    lines = []
    methods = [method for other, method in means if other == group]
    for method in methods:
        cells = "".join(cell("td", n, value(method, n)) for n in available)
        kind = ' class="ours"' if method == ours else ""
        lines.append(f"<tr{kind}><th>{html.escape(method)}</th>{cells}</tr>")
    scenes = tables.scenes(means[group, methods[0]]["scenes"])
    name = html.escape(group)
    return (
        f'<h3>{name}, {scenes}</h3><div class="scroll" tabindex="0" role="region" '
        f'aria-label="Means, {name}"><table><thead><tr><th>method</th>{heads}</tr>'
        f"</thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _scenes(evaluation: Evaluation, measure: str) -> tuple[list[dict[str, Any]], int]:
    """Returns the worst scenes that fit the budget, and the number of all."""
    ours = evaluation.about["ours"]
    found: dict[str, dict[str, Mapping]] = {}
    for row in evaluation.rows:
        found.setdefault(row["scene"], {})[row["method"]] = row

    def badness(name: str) -> float:
        loss = MEASURES[measure].loss(found[name].get(ours, {}).get(measure, np.nan))
        return loss if np.isfinite(loss) else -np.inf

    shown, size = [], 0
    for name in sorted(found, key=badness, reverse=True):
        images = evaluation.images(name)
        scene = encoding.scene(images, ours if ours in images else NOISY)
        size += sum(map(len, scene["images"].values()))
        if size > BUDGET and shown:
            break
        value = found[name].get(ours, {}).get(measure, np.nan)
        told = MEASURES[measure]
        unit = f" {told.unit}" if told.unit else ""
        level = f", {told.title} {value:.{told.digits}f}{unit}"
        scene["title"] = f"{name}{level if np.isfinite(value) else ''}"
        scene["measures"] = [
            (
                method,
                {n: v for n, v in row.items() if n in MEASURES and np.isfinite(v)},
            )
            for method, row in found[name].items()
        ]
        shown.append(scene)
    return shown, len(found)


def _told(scenes, total: int) -> str:
    text = f"{len(scenes)} of {tables.scenes(total)}"
    if len(scenes) < total:
        text += ", the worst ones: more would make the page too large"
    if any(scene["cut"] for scene in scenes):
        side = encoding.LARGEST
        text += f"; of larger ones the middle, {side} x {side} pixels"
    return (
        f"{text}. Values are in steps of {encoding.STEP:g} dB, and no lower than "
        f"{encoding.RANGE:g} dB under the brightest."
    )


def _charts(evaluation: Evaluation, means, scalars: pathlib.Path | None) -> str:
    rows, ours = evaluation.rows, evaluation.about["ours"]
    found = statistics.differences(rows, ours, [tables.leading(means)])
    drawn = []
    if scalars is not None:
        drawn.append(_svg("Training", lambda path: figures.training(path, scalars)))
    for name in SPREADS:
        if tables.measured(means, name):
            drawn.append(
                _svg(
                    MEASURES[name].head,
                    lambda path, name=name: figures.distributions(path, rows, name),
                )
            )
    if any(method != NOISY for _, method, _ in found):
        drawn.append(
            _svg(
                f"Difference to {ours}, 95 % intervals",
                lambda path: figures.differences(
                    path, found, tables.leading(means), ours
                ),
            )
        )
    if any(method != NOISY for _, method in means):
        drawn.append(
            _svg(
                "Quality and time",
                lambda path: figures.trade_off(path, means, tables.leading(means)),
            )
        )
    return "\n".join(drawn)


def _svg(title: str, draw: Callable[[pathlib.Path], None]) -> str:
    """Returns a figure that takes the page's text colour and ground."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "figure.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace("#000000", "currentColor")
    label = html.escape(title)
    text = text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    return f"<figure><figcaption>{label}</figcaption>{text}</figure>"


def _facts(about: Mapping[str, Any]) -> str:
    facts = {
        "data": about["data"],
        "methods": ", ".join(about["methods"]),
        "weights": about["weights"],
        "device": about["device"],
        "created": about["created"],
        "seeds": ", ".join(f"{name} {seed}" for name, seed in about["seeds"].items()),
        "versions": ", ".join(f"{n} {v}" for n, v in about["versions"].items()),
    }
    return "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )


def _config(config: Mapping[str, Any] | None) -> str:
    if config is None:
        return ""
    text = html.escape(json.dumps(config, indent=2))
    return (
        "<details><summary>Configuration of the training</summary>"
        f"<pre><code>{text}</code></pre></details>"
    )
