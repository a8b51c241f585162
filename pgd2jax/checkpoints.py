"""Checkpoints on disk, by Orbax.

A run's folder holds `checkpoints/STEP/` with three items: `state`, all that training
needs to go on; `params`, the averaged weights; and `config`, the run's configuration
as JSON. A weights folder is one such STEP folder; it may lack `state`.
"""

import json
import math
import os
import pathlib
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint import checkpoint_managers

FOLDER = "checkpoints"
WEIGHTS = pathlib.Path(__file__).parent / "weights"  # A folder each.
DEFAULT = "small"
BEST = "rmse"  # The validation metric that marks the best step; lower is better.


class CheckpointError(ValueError):
    """A folder without usable weights; the message names it and the mend."""


class Checkpoints:
    """The checkpoints of one run: the two newest and the best by validation error."""

    def __init__(self, workdir: str | os.PathLike):
        """Opens or makes the run's folder."""
        keep = checkpoint_managers
        self._manager = ocp.CheckpointManager(
            pathlib.Path(workdir).absolute() / FOLDER,
            item_names=("state", "params", "config"),
            options=ocp.CheckpointManagerOptions(
                # Without a best_fn the metrics would not be written.
                best_fn=lambda metrics: metrics[BEST],
                best_mode="min",
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
                enable_async_checkpointing=False,
            ),
        )

    def latest_step(self) -> int | None:
        """Returns the newest step, or None before the first."""
        return self._manager.latest_step()

    def save(
        self,
        step: int,
        state: Any,
        params: Any,
        config: dict[str, Any],
        metrics: dict[str, float],
    ) -> None:
        """Saves a step; it appears whole or not at all."""
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state),
                # As NumPy, which plain Orbax restores on any devices.
                params=ocp.args.StandardSave(jax.device_get(params)),
                config=ocp.args.JsonSave(config),
            ),
            metrics=metrics,
            force=True,
        )

    def restore(self, step: int, like: Any) -> Any:
        """Returns the training state of a step, shaped and placed as `like`."""
        restored = self._manager.restore(
            step, args=ocp.args.Composite(state=ocp.args.StandardRestore(like))
        )
        return restored["state"]

    def close(self) -> None:
        """Waits for what is being written."""
        self._manager.close()


def _steps(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(
        (step for step in folder.glob("*") if step.name.isdigit()),
        key=lambda step: int(step.name),
    )


def _rmse(step: pathlib.Path) -> float:
    """Returns the validation error saved with a step; infinite if it is damaged."""
    try:
        return float(json.loads((step / "metrics" / "metrics").read_text())[BEST])
    except (OSError, ValueError, KeyError):
        return math.inf


def published() -> list[str]:
    """Returns the names of the weights that come with pgd2jax."""
    return sorted(folder.parent.name for folder in WEIGHTS.glob("*/params"))


def weights_folder(path: str | os.PathLike) -> pathlib.Path:
    """Finds published weights, the best of a run's folder, or takes a weights folder.

    Raises:
        CheckpointError: if there are none.
    """
    if str(path) in published():
        return WEIGHTS / str(path)
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
    try:
        config = json.loads((folder / "config" / "metadata").read_text())
        with ocp.PyTreeCheckpointer() as checkpointer:
            params = checkpointer.restore(folder / "params")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"{folder}: is not a whole checkpoint of pgd2jax; take another step, or "
            f"copy it again. ({error})"
        ) from error
    return params, config


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
    if not {"snenet", "dbdnet"} <= set(params) or "model" not in config:
        raise CheckpointError(
            f"{path}: holds the weights of another network ({', '.join(params)})."
        )
    return params, config


def export_weights(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Copies weights and configuration, without the training state, to a new folder.

    Args:
        source: As for `load_weights`.
        target: A folder that does not exist yet.
    """
    params, config = load_weights(source)
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as checkpointer:
        checkpointer.save(
            pathlib.Path(target).absolute(),
            ocp.args.Composite(
                params=ocp.args.StandardSave(params), config=ocp.args.JsonSave(config)
            ),
        )
