"""Scalars of a run as a CSV file with a row for each."""

import contextlib
import csv
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pgd2jax import raster


class Scalar(NamedTuple):
    """A row."""

    step: int
    name: str
    value: float


def read(path: str | os.PathLike) -> list[Scalar]:
    """Returns the whole rows of a file; a killed run may have left half a one."""
    rows = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            with contextlib.suppress(TypeError, ValueError):
                rows.append(Scalar(int(row["step"]), row["name"], float(row["value"])))
    return rows


class ScalarFile:
    """Appends to `scalars.csv`."""

    def __init__(self, workdir: str | os.PathLike, step: int):
        """Opens the file without rows after `step`: they are written again."""
        self._path = pathlib.Path(workdir) / "scalars.csv"
        rows = read(self._path) if self._path.exists() else []
        with (
            raster.replacing(self._path) as temporary,
            open(temporary, "w", newline="") as file,
        ):
            csv.writer(file).writerow(Scalar._fields)
            self._append(file, (row for row in rows if row.step <= step))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes a row for each value."""
        with open(self._path, "a", newline="") as file:
            self._append(file, (Scalar(step, *item) for item in values.items()))

    @staticmethod
    def _append(file, rows: Iterable[Scalar]) -> None:
        csv.writer(file).writerows([r.step, r.name, f"{r.value:.6g}"] for r in rows)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Leaves images to the others."""

    def close(self, failed: bool = False) -> None:
        """Has nothing pending."""
