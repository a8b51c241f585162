"""Checkpoints on disk, by Orbax.

A run's folder holds `checkpoints/STEP/` with four items: `state`, all that training
needs to go on; `params`, the averaged weights; `config`, the run's configuration, and
`digests`, the checksums of the first two, as JSON. A weights folder is one such STEP
folder; it may lack `state` and `digests`.
"""

import contextlib
import json
import math
import os
import pathlib
import shutil
import time
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from flax import serialization
from jax.experimental import multihost_utils
from orbax.checkpoint import checkpoint_managers

from pgd2jax import items, raster

FOLDER = "checkpoints"
WEIGHTS = pathlib.Path(__file__).parent / "weights"  # A folder each.
DEFAULT = "base"
BEST = "rmse"  # The validation metric that marks the best step; lower is better.


class CheckpointError(ValueError):
    """A folder without usable weights; the message names it and the mend."""


class Checkpoints:
    """The checkpoints of one run: the two newest and the best by validation error."""

    def __init__(self, workdir: str | os.PathLike):
        """Opens or makes the run's folder."""
        keep = checkpoint_managers
        self._workdir = pathlib.Path(workdir).absolute()
        steps = _steps(self._workdir / FOLDER)
        torn = [step for step in steps if _metrics(step) is None]
        multihost_utils.sync_global_devices("looked at metrics")
        for step in torn:  # The manager would not open; without any it does.
            self._set_aside(step / "metrics", f"{step}: its metrics are damaged.")
        self._manager = ocp.CheckpointManager(
            self._workdir / FOLDER,
            item_names=("state", "params", "config", "digests"),
            options=ocp.CheckpointManagerOptions(
                # Without a best_fn the metrics would not be written.
                best_fn=lambda metrics: metrics[BEST],
                best_mode="min",
                cleanup_tmp_directories=True,  # Of runs killed in mid-save.
                preservation_policy=keep.AnyPreservationPolicy(
                    [
                        keep.LatestN(2),
                        keep.BestN(
                            get_metric_fn=lambda metrics: metrics[BEST],
                            reverse=True,
                            n=1,
                            keep_checkpoints_without_metrics=False,
                        ),
                    ]
                ),
            ),
        )

    def save(
        self,
        step: int,
        state: Any,
        params: Any,
        config: dict[str, Any],
        metrics: dict[str, float],
    ) -> None:
        """Saves a step in the background; it appears whole or not at all.

        Args:
            step: Its number.
            state: All that training needs to go on, the same on every device.
            params: Weights to use.
            config: Of the run.
            metrics: Of the validation; empty if there was none.

        Raises:
            CheckpointError: if this or the last save failed, as on a full disk.
        """
        # Copies: the next step writes over the buffers. As NumPy, which is restored on
        # any number of devices and processes.
        trees = {
            name: jax.tree.map(np.array, serialization.to_state_dict(tree))
            for name, tree in {"state": state, "params": params}.items()
        }
        digests = {name: items.digest(tree) for name, tree in trees.items()}
        with self._told():
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(trees["state"]),
                    params=ocp.args.StandardSave(trees["params"]),
                    config=ocp.args.JsonSave(config),
                    digests=ocp.args.JsonSave(digests),
                ),
                metrics=metrics or None,
                force=True,
            )

    def restore_newest(self, like: Any) -> tuple[int, Any]:
        """Returns the newest whole step and its state; (0, `like`) before the first.

        Steps that are damaged are set aside, as is said in the log.

        Args:
            like: A state of the same structure.

        Raises:
            CheckpointError: if there are checkpoints, but none is whole, or if they
                hold a state of another structure.
        """
        newest = None
        for step in sorted(self._manager.all_steps(), reverse=True):
            folder = self._workdir / FOLDER / str(step)
            try:
                state, _ = (_restore_tree(folder, name) for name in ("state", "params"))
            except CheckpointError as error:
                self._set_aside(folder, error)
                self._manager.reload()
                continue
            newest = newest or (step, state)
        if newest:
            step, state = newest
            try:
                return step, serialization.from_state_dict(like, state)
            except ValueError as error:
                raise CheckpointError(
                    f"{self._workdir / FOLDER / str(step)}: was saved by another "
                    "version of pgd2jax, or with another optimiser; give another "
                    f"--workdir. ({error})"
                ) from error
        if self._damaged.is_dir():  # Now, or when the same command ran before.
            raise CheckpointError(
                f"{self._workdir}: none of its checkpoints is whole; to start anew, "
                "move it away or give another --workdir."
            )
        return 0, like

    @property
    def _damaged(self) -> pathlib.Path:
        return self._workdir / "damaged"

    def _set_aside(self, folder: pathlib.Path, error: object) -> None:
        aside = self._damaged / f"{folder.name}-{time.time_ns()}"
        logging.warning("%s It is kept in %s, and not used.", error, aside)
        if jax.process_index() == 0:
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
        multihost_utils.sync_global_devices("set aside")

    @contextlib.contextmanager
    def _told(self):
        """Turns whatever a save in the background ran into to one sentence."""
        try:
            yield
        except Exception as error:  # Orbax and TensorStore raise all kinds.
            raise CheckpointError(
                f"{self._workdir}: a checkpoint could not be written: "
                f"{_reason(error)}. Those before it are whole, and the same command "
                "goes on from them."
            ) from error

    def check(self) -> None:
        """Looks after the last save without waiting for it.

        Raises:
            CheckpointError: if it failed.
        """
        with self._told():
            self._manager.check_for_errors()

    def close(self) -> None:
        """Waits for what is being written.

        Raises:
            CheckpointError: if it failed.
        """
        with self._told():
            self._manager.close()


def _reason(error: Exception) -> str:
    """Returns in a line why something could not be written."""
    reason = " ".join(str(error).split())
    if "No space left" in reason or "ENOSPC" in reason:
        return "no space is left on the disk"
    return reason


def _restore_tree(folder: pathlib.Path, name: str) -> Any:
    """Returns an item of a step as nested dicts of NumPy arrays, checked.

    Raises:
        CheckpointError: if it is not as it was saved.
    """
    try:
        tree = items.read(folder / name)
        digests = folder / "digests" / "metadata"
        # Weights that were exported or published have none.
        known = json.loads(digests.read_text())[name] if digests.exists() else None
    except Exception as error:  # Orbax and TensorStore raise all kinds.
        raise CheckpointError(
            f"{folder}: is not a whole checkpoint of pgd2jax; take another step, or "
            f"copy it again. ({raster.in_a_line(error)})"
        ) from error
    if known not in (None, items.digest(tree)):
        raise CheckpointError(
            f"{folder}: its {name} is not what was saved; take another step, or copy "
            "it again."
        )
    return tree


def _steps(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        (step for step in folder.glob("*") if step.name.isdigit()),
        key=lambda step: int(step.name),
    )


def _metrics(step: pathlib.Path) -> dict[str, float] | None:
    """Returns what was measured of a step, if anything; None if that is damaged."""
    try:
        return json.loads((step / "metrics" / "metrics").read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None


def _rmse(step: pathlib.Path) -> float:
    """Returns the validation error saved with a step; infinite if it is damaged."""
    return (_metrics(step) or {}).get(BEST, math.inf)


def published() -> list[str]:
    """Returns the names of the weights that come with pgd2jax."""
    return sorted(folder.parent.name for folder in WEIGHTS.glob("*/params"))


def weights_folder(path: str | os.PathLike) -> pathlib.Path:
    """Finds published weights, the best of a run's folder, or takes a weights folder.

    A text that names published weights means these; a folder of that name is ./NAME.

    Raises:
        CheckpointError: if there are none.
    """
    if isinstance(path, str) and path in published():
        return WEIGHTS / path
    path = pathlib.Path(path)
    if not path.is_dir():
        raise CheckpointError(
            f"{path}: there is no such folder of weights, nor do weights of this name "
            f"come with pgd2jax, which has {', '.join(published())}."
        )
    if (path / "params").is_dir():
        return path
    steps = _steps(path / FOLDER) or _steps(path)
    if not steps:
        raise CheckpointError(
            f"{path}: holds no weights; name the workdir of a training, or a folder "
            "with `params` and `config` in it."
        )
    return min(reversed(steps), key=_rmse)  # The newest of equals.


def restore_params(path: str | os.PathLike) -> tuple[Any, dict[str, Any]]:
    """Reads weights of any network that `train.loop` trained, peers included.

    Args:
        path: As for `load_weights`.

    Returns:
        Parameters and configuration, as `load_weights` does.

    Raises:
        CheckpointError: if the folder holds no whole checkpoint.
    """
    folder = weights_folder(path).absolute()
    return _restore_tree(folder, "params"), restore_config(folder)


def restore_config(path: str | os.PathLike) -> dict[str, Any]:
    """Reads the configuration that weights were trained with.

    Args:
        path: As for `load_weights`.

    Raises:
        CheckpointError: if the folder holds no whole checkpoint.
    """
    folder = weights_folder(path).absolute()
    try:
        return json.loads((folder / "config" / "metadata").read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{folder}: is not a whole checkpoint of pgd2jax; take another step, or "
            f"copy it again. ({error})"
        ) from error


def load_weights(path: str | os.PathLike) -> tuple[Any, dict[str, Any]]:
    """Reads weights of PGD2Net and their configuration.

    Args:
        path: A name of `published`, a run's workdir, of which the best step is taken,
            or a weights folder.

    Returns:
        Parameters as nested dicts of NumPy arrays, whatever devices they were saved
        from, and the configuration as nested dicts.

    Raises:
        CheckpointError: if the folder holds no weights of pgd2jax.
    """
    params, config = restore_params(path)
    if not {"snenet", "dbdnet"} <= set(params):
        raise CheckpointError(
            f"{path}: holds the weights of another network ({', '.join(params)})."
        )
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        raise CheckpointError(
            f"{path}: its config names no network; copy it again, from the same run."
        )
    return params, config


def export_weights(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Writes weights and configuration to a new folder, without the training state.

    Args:
        source: As for `load_weights`.
        target: A folder that does not exist yet; it appears whole or not at all.

    Raises:
        CheckpointError: if `source` holds no weights, or `target` cannot be written.
        FileExistsError: if there is something at `target`.
    """
    folder, target = weights_folder(source), pathlib.Path(target).absolute()
    load_weights(folder)  # Raises where they are not whole.
    if target.exists():
        raise FileExistsError(f"{target}: is there already; give another name.")
    notes = shutil.ignore_patterns("commit_success.txt")  # They hold the run's path.
    try:
        with raster.temporary(target) as weights:
            # Copied, not saved by Orbax: where that fails, some of its threads go on
            # writing into the folder that is being deleted.
            for item in ("params", "config"):
                shutil.copytree(folder / item, weights / item, ignore=notes)
            weights.rename(target)
    except OSError as error:
        raise CheckpointError(
            f"{target}: could not be written: {_reason(error)}."
        ) from error
