"""An evaluation on disk: a folder of rows, tables and images.

rows.csv, rows.json   a row for each scene and method; the JSON says how it was made
table.md, table.tex   means, the best marked, and differences with intervals
scenes/NAME.npz       noisy, reference and estimates in dB, [H, W] float16
"""

import contextlib
import csv
import datetime
import json
import math
import os
import pathlib
import platform
import shutil
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, NamedTuple

import jax
import numpy as np

import pgd2jax
from pgd2jax import raster
from pgd2jax.evaluation import statistics, tables
from pgd2jax.evaluation.cases import Case
from pgd2jax.sar import radiometry

ROWS = "rows.json"
SCENES = "scenes"
LOWEST = 1e-30  # Power whose decibels stand for none.
LIBRARIES = ("jax", "flax", "numpy", "scipy", "scikit-image")


class EvaluationError(ValueError):
    """A folder that holds no evaluation, or no more; the message names the mend."""


class Evaluation(NamedTuple):
    """What was measured, and how.

    Attributes:
        about: Command, time, versions, device, data, methods, the one that is ours.
        rows: From `running.rows`.
        folder: Where it lies; images are in `scenes`.
    """

    about: dict[str, Any]
    rows: list[dict[str, Any]]
    folder: pathlib.Path

    def images(self, scene: str) -> dict[str, np.ndarray]:
        """Returns the images of a scene in dB, [H, W] float16, by name.

        Raises:
            EvaluationError: if the file is missing or broken.
        """
        path = self.folder / SCENES / f"{scene}.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError, EOFError) as error:
            raise EvaluationError(
                f"{path}: cannot be read ({error}); evaluate again."
            ) from error


def about(
    command: str, data: str, methods: list[str], ours: str, weights: str
) -> dict[str, Any]:
    """Returns how an evaluation is made, for `Evaluation.about`."""
    kind = jax.devices()[0].device_kind
    return {
        "command": command,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "pgd2jax": pgd2jax.__version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
        },
        "device": f"{jax.device_count()} x {kind}, {os.cpu_count()} CPU cores",
        "data": data,
        "methods": methods,
        "ours": ours,
        "weights": weights,
        "seeds": {"bootstrap": 0},
    }


@contextlib.contextmanager
def folder(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a hidden folder to write to, which takes the place of `path` at the end.

    Raises:
        OSError: if it cannot be made there.
        EvaluationError: if it is there and holds something else than an evaluation.
    """
    path = pathlib.Path(path)
    if path.is_dir() and any(path.iterdir()) and not (path / ROWS).is_file():
        raise EvaluationError(
            f"{path}: holds something else than an evaluation; name another folder."
        )
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    raster.check_folder(hidden)
    (hidden / SCENES).mkdir(parents=True)
    try:
        yield hidden
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(hidden, path)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def write_scene(
    folder: pathlib.Path, case: Case, estimates: Mapping[str, np.ndarray]
) -> None:
    """Writes the images of a scene."""
    images = {"noisy": case.intensity, **estimates}
    if case.reference is not None:
        images["reference"] = case.reference
    np.savez(
        folder / SCENES / f"{case.name}.npz",
        **{name: _decibel(image) for name, image in images.items()},
    )


def _decibel(intensity: np.ndarray) -> np.ndarray:
    missing = ~np.isfinite(intensity)
    decibel = radiometry.decibel(np.where(missing, LOWEST, intensity), LOWEST)
    return np.where(missing, np.nan, decibel).astype(np.float16)


def write(folder: pathlib.Path, made: Mapping[str, Any], rows: list[dict]) -> None:
    """Writes rows and tables."""
    means = statistics.summary(rows)
    differences = statistics.differences(rows, made["ours"], tables.COMPARED)
    (folder / "table.md").write_text(tables.markdown(means, differences, made["ours"]))
    (folder / "table.tex").write_text(tables.latex(means))
    shared = {"pgd2jax": made["versions"]["pgd2jax"], "device": made["device"]}
    fields = dict.fromkeys(name for row in rows for name in row)
    with open(folder / "rows.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, [*fields, *shared], restval="")
        writer.writeheader()
        writer.writerows(row | shared for row in rows)
    text = json.dumps({"about": made, "rows": [_plain(row) for row in rows]}, indent=1)
    (folder / ROWS).write_text(text + "\n")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row without NaN, of which JSON knows nothing."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def read(path: str | os.PathLike) -> Evaluation:
    """Reads what `write` wrote.

    Raises:
        EvaluationError: if there is no evaluation, or it is damaged.
    """
    path = pathlib.Path(path)
    try:
        found = json.loads((path / ROWS).read_text())
        rows = [
            {k: math.nan if v is None and k != "seed" else v for k, v in row.items()}
            for row in found["rows"]
        ]
        return Evaluation(dict(found["about"]), rows, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path}: holds no whole evaluation ({error}); make one with pgd2jax "
            f"evaluate --output {path}"
        ) from error
