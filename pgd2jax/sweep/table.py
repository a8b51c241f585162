"""The table that ends a sweep."""

import csv
import pathlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgd2jax import raster
from pgd2jax.metrics.measures import MEASURES
from pgd2jax.sweep.results import Result

TABLE = "sweep.md"
ROWS = "sweep.csv"
SEED = "seed"


def rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Returns a row for each run, then mean and deviation of those of several seeds."""
    lines, alike = [], {}
    for values, failed, steps, measures in results:
        end = {"result": "failed"} if failed else {"result": "finished", "steps": steps}
        lines.append({**values, **end, **measures})
        if measures and SEED in values:
            others = tuple(v for name, v in values.items() if name != SEED)
            alike.setdefault(others, []).append((values, measures))
    for found in alike.values():
        if len(found) < 2:
            continue
        seeds = "/".join(values[SEED] for values, _ in found)
        for title, statistic in (
            ("mean", statistics.mean),
            ("standard deviation", statistics.stdev),
        ):
            measures = {
                name: statistic(measures[name] for _, measures in found)
                for name in found[0][1]
            }
            lines.append({**found[0][0], SEED: seeds, "result": title, **measures})
    return lines


def _columns(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns the names of all rows; the first one may have failed."""
    return list(dict.fromkeys(name for line in lines for name in line))


def markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """Returns the rows as a table."""

    def cell(line, name):
        value = line.get(name, "")
        if not isinstance(value, float):
            return str(value)
        return f"{value:.{MEASURES[name].digits}f}"

    columns = _columns(lines)
    heads = [MEASURES[name].head if name in MEASURES else name for name in columns]
    cells = [[cell(line, name) for name in columns] for line in lines]
    table = [heads, ["---"] * len(heads), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in table)


def write(results: Sequence[Result], folder: pathlib.Path) -> None:
    """Writes `sweep.md` and `sweep.csv` into a folder."""
    lines = rows(results)
    with raster.replacing(folder / TABLE) as temporary:
        temporary.write_text(markdown(lines), encoding="utf-8")
    with (
        raster.replacing(folder / ROWS) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, _columns(lines), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
