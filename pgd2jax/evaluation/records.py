"""An evaluation on disk: a folder of rows, tables and images.

rows.csv, rows.json   a row for each scene and method; the JSON says how it was made
table.md, table.tex   means, the best marked, and differences with intervals
scenes/NAME.npz       noisy, reference and estimates in dB, [H, W] float16
"""

import contextlib
import csv
import datetime
import io
import json
import math
import os
import pathlib
import platform
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
        except Exception as error:  # Of damaged files, readers raise all kinds.
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
    """Yields a hidden folder to write to, which becomes `path` at the end.

    An evaluation that is there is replaced; other files beside it stay.

    Raises:
        OSError: if it cannot be made there.
        EvaluationError: if it is there and holds something else than an evaluation.
    """
    path = pathlib.Path(path).resolve()
    empty = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if not empty and not (path / ROWS).is_file():
        raise EvaluationError(
            f"{path}: is something else than an evaluation; name another folder."
        )
    raster.check_folder(path.with_name(f".{path.name}"))
    with raster.temporary(path) as hidden:
        (hidden / SCENES).mkdir(parents=True)
        yield hidden
        if not path.is_dir():
            os.replace(hidden, path)
            return
        # What else the user put there stays. The rows go first and come last: without
        # them there is no evaluation. Links are moved as they are.
        aside = hidden.with_name(f"{path.name}-before")
        aside.mkdir()
        news = sorted(hidden.iterdir(), key=lambda entry: entry.name == ROWS)
        try:
            for new in reversed(news):
                if os.path.lexists(path / new.name):
                    os.replace(path / new.name, aside / new.name)
            for new in news:
                os.replace(new, path / new.name)
        except BaseException:
            for old in aside.iterdir():
                if os.path.lexists(path / old.name):
                    os.replace(path / old.name, hidden / old.name)
                os.replace(old, path / old.name)
            raise


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Names the file if it cannot be written."""
    try:
        yield path
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be written ({error}); nothing was changed."
        ) from error


def write_scene(
    folder: pathlib.Path, case: Case, estimates: Mapping[str, np.ndarray]
) -> None:
    """Writes the images of a scene."""
    images = {"noisy": case.intensity, **estimates}
    if case.reference is not None:
        images["reference"] = case.reference
    with _writing(folder / SCENES / f"{case.name}.npz") as path:
        np.savez(path, **{name: _decibel(image) for name, image in images.items()})


def _decibel(intensity: np.ndarray) -> np.ndarray:
    missing = ~np.isfinite(intensity)
    decibel = radiometry.decibel(np.where(missing, LOWEST, intensity), LOWEST)
    return np.where(missing, np.nan, decibel).astype(np.float16)


def write(folder: pathlib.Path, made: Mapping[str, Any], rows: list[dict]) -> None:
    """Writes rows and tables."""
    means = statistics.summary(rows)
    differences = statistics.differences(rows, made["ours"], tables.COMPARED)
    files = {
        "table.md": tables.markdown(means, differences, made["ours"]),
        "table.tex": tables.latex(means),
        "rows.csv": _csv(made, rows),
        ROWS: json.dumps({"about": made, "rows": [_plain(r) for r in rows]}, indent=1),
    }
    for name, content in files.items():
        with _writing(folder / name) as path:
            # Names of files may be no text.
            path.write_text(content, encoding="utf-8", errors="backslashreplace")


def _csv(made: Mapping[str, Any], rows: list[dict]) -> str:
    shared = {"pgd2jax": made["versions"]["pgd2jax"], "device": made["device"]}
    fields = dict.fromkeys(name for row in rows for name in row)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*fields, *shared], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_plain(row) | shared for row in rows)
    return buffer.getvalue()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row without NaN, of which JSON knows nothing; None is empty in CSV."""
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
