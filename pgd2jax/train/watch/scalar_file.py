"""Scalars of a run as a CSV file with a row for each."""

import csv
import os
import pathlib
from collections.abc import Mapping

from pgd2jax import raster

FIELDS = ("step", "name", "value")


class ScalarFile:
    """Appends to `scalars.csv`."""

    def __init__(self, workdir: str | os.PathLike, step: int):
        """Opens the file without rows after `step`: they are written again."""
        self._path = pathlib.Path(workdir) / "scalars.csv"
        rows = []
        if self._path.exists():
            with open(self._path, newline="") as file:
                # A killed run may have left half a row.
                rows = [
                    row
                    for row in csv.DictReader(file)
                    if row["value"] and row["step"].isdigit()
                ]
        with (
            raster.replacing(self._path) as temporary,
            open(temporary, "w", newline="") as file,
        ):
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(row for row in rows if int(row["step"]) <= step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes a row for each value."""
        with open(self._path, "a", newline="") as file:
            csv.writer(file).writerows([step, n, f"{v:.6g}"] for n, v in values.items())

    def image(self, step: int, name: str, png: bytes) -> None:
        """Leaves images to the others."""

    def close(self) -> None:
        """Has nothing pending."""
