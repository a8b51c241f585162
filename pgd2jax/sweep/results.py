"""What became of a run of a sweep."""

import pathlib
from collections.abc import Mapping
from typing import NamedTuple

from pgd2jax.train import scalar_file


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
    for row in scalar_file.read(path):
        steps = max(steps, row.step)
        group, _, name = row.name.partition("/")
        if group == "validation":
            validations.setdefault(row.step, {})[name] = row.value
    return steps, min(validations.values(), key=lambda found: found["rmse"], default={})
