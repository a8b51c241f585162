"""What became of a run of a sweep."""

import csv
import pathlib
from collections.abc import Mapping
from typing import NamedTuple


class Result(NamedTuple):
    """What became of a run.

    Attributes:
        values: As in `Run`.
        failed: Whether it ended with an error.
        steps: That it took; 0 if it failed.
        measures: Validation of its best checkpoint, by name; empty if it failed.
    """

    values: dict[str, str]
    failed: bool
    steps: int = 0
    measures: Mapping[str, float] = {}


def measured(workdir: pathlib.Path) -> tuple[int, dict[str, float]]:
    """Returns the steps of a run and the validation of its best checkpoint, by name."""
    path = workdir / "scalars.csv"
    if not path.exists():  # Of a run without steps.
        return 0, {}
    steps, validations = 0, {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if not row["value"]:  # Half a row, of a run that was killed.
                continue
            steps = max(steps, int(row["step"]))
            group, _, name = row["name"].partition("/")
            if group == "validation":
                validations.setdefault(row["step"], {})[name] = float(row["value"])
    return steps, min(validations.values(), key=lambda found: found["rmse"], default={})
