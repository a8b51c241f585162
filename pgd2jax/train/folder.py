"""The folder of a run: whose it is, and what is left in it for inspection."""

import contextlib
import fcntl
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from absl import logging
from flax import traverse_util

from pgd2jax import raster
from pgd2jax.data import pairs

CONFIG = "config.json"
REPORT = "report.html"
# What makes a run: network, data, seed, and what its steps are measured on, of which
# the best is kept. Its length, rates and loss may change.
GROUPS = ("model", "data", "augment")
VALUES = ("seed", "init_from", "train.eval_tiles")
# What made a run that has all its steps, besides: no step follows that could change.
DONE_GROUPS = (*GROUPS, "optimiser", "loss")
DONE_VALUES = (*VALUES, "train.num_steps", "train.accumulate", "train.average_decay")


def config(workdir: pathlib.Path) -> dict[str, Any] | None:
    """Returns the configuration of the run so far; None if none is there.

    Raises:
        ValueError: if it cannot be read.
    """
    path = workdir / CONFIG
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(
            f"{path}: is damaged ({error}); give another --workdir, or delete the "
            "file: without it nothing tells whether the run was this one."
        ) from error


def changed(before: dict[str, Any] | None, asked: dict[str, Any], done: bool) -> str:
    """Returns what is another than in the run so far and must not be, by name.

    An empty text if nothing is, or no run is there.

    Args:
        before: The configuration of the run so far, if there is one.
        asked: That which is asked for.
        done: Whether the run has all its steps.
    """
    if before is None:
        return ""
    before, now = (
        traverse_util.flatten_dict(values, sep=".") for values in (before, asked)
    )
    groups, values = (DONE_GROUPS, DONE_VALUES) if done else (GROUPS, VALUES)
    return ", ".join(
        name
        for name in sorted(before | now)
        if (name in values or name.partition(".")[0] in groups)
        and before.get(name) != now.get(name)
    )


def begin(workdir: pathlib.Path, config: dict[str, Any], params: Any) -> None:
    """Notes what the run is from now on.

    Its configuration, whole or not at all, and a table of its parameters; a report that
    is there goes, which is of the weights of before.
    """
    if jax.process_index() != 0:
        return
    with raster.replacing(workdir / CONFIG) as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n")
    _write_overview(workdir, params)
    (workdir / REPORT).unlink(missing_ok=True)


@contextlib.contextmanager
def alone(workdir: pathlib.Path) -> Iterator[None]:
    """Keeps other trainings out of a folder, for as long as this one is at work there.

    Raises:
        ValueError: if another one is.
    """
    if jax.process_index() != 0:
        yield
        return
    with open(workdir / ".lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f"{workdir}: another training is at work there; wait for it, or give "
                "another --workdir."
            ) from error
        except OSError as error:  # As on some network file systems.
            logging.warning("%s: cannot be locked (%s).", workdir, error)
        yield


def _write_overview(workdir: pathlib.Path, params: Any) -> None:
    """Writes a table of all parameters, their shapes and statistics."""
    try:
        from clu import parameter_overview
    except ImportError:  # GPU images often come without clu.
        return
    path = workdir / "parameters.txt"
    path.write_text(parameter_overview.get_parameter_overview(params) + "\n")


def keep_batch(workdir: pathlib.Path, step: int, batch: pairs.Pair) -> pathlib.Path:
    """Writes a process's part of a batch, [D, B/D, ...], as .npz; returns its path."""
    name = f"batch-{step}-{jax.process_index()}.npz"
    path = workdir / "not_finite" / name
    path.parent.mkdir(exist_ok=True)
    with raster.replacing(path) as temporary, open(temporary, "wb") as file:
        images = jax.device_get(batch)._asdict()
        whitener = images.pop("whitener")._asdict()
        np.savez_compressed(file, **images, **whitener)
    return path
