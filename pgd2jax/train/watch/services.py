"""Services that keep runs beside each other, for those who have them installed."""

import io
import os
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

from absl import logging
from PIL import Image

PROJECT = "pgd2jax"

# Where the environment says nothing else: how often MLflow asks again, with waits that
# double, and the seconds that it waits for an answer and W&B at the end. By default a
# server that died holds up the training, and the signal that is to stop it, for four to
# sixteen minutes.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "WANDB_FINISH_TIMEOUT": "60",
}


class WeightsAndBiases:
    """Writes to Weights & Biases; `wandb login`, or WANDB_MODE=offline, comes first."""

    def __init__(
        self, workdir: str | os.PathLike, step: int, config: Mapping[str, Any]
    ):
        """Opens the run named after the folder; after `step` it goes on."""
        import wandb

        self._wandb = wandb
        identity = pathlib.Path(workdir) / "wandb_id.txt"
        if not (step and identity.exists()):
            identity.write_text(uuid.uuid4().hex)
        self._run = wandb.init(
            project=PROJECT,
            id=identity.read_text(),
            name=pathlib.Path(workdir).name,
            dir=str(workdir),
            config=dict(config),
            resume="allow",
        )

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs named values of a step."""
        self._run.log(dict(values), step=step)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Logs a PNG."""
        picture = self._wandb.Image(Image.open(io.BytesIO(png)))
        self._run.log({name: picture}, step=step)

    def close(self, failed: bool) -> None:
        """Sends what is pending, and whether the run broke off."""
        self._run.finish(exit_code=int(failed))


class MLflow:
    """Writes to MLflow, where MLFLOW_TRACKING_URI says."""

    def __init__(
        self, workdir: str | os.PathLike, step: int, config: Mapping[str, Any]
    ):
        """Opens the run named after the folder; after `step` it goes on."""
        import mlflow

        self._mlflow = mlflow
        mlflow.set_experiment(PROJECT)
        identity = pathlib.Path(workdir) / "mlflow_id.txt"
        if step and identity.exists():
            mlflow.start_run(run_id=identity.read_text())
            return
        run = mlflow.start_run(run_name=pathlib.Path(workdir).name)
        identity.write_text(run.info.run_id)
        mlflow.log_params(dict(config))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs named values of a step."""
        self._mlflow.log_metrics(dict(values), step=step)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Logs a PNG."""
        picture = Image.open(io.BytesIO(png))
        self._mlflow.log_image(picture, key=name.replace(",", ""), step=step)

    def close(self, failed: bool) -> None:
        """Ends the run, and says whether it broke off."""
        self._mlflow.end_run("FAILED" if failed else "FINISHED")


SERVICES = {"wandb": WeightsAndBiases, "mlflow": MLflow}


class Service:
    """Writes to a service for as long as it answers: no training ends for its sake."""

    def __init__(
        self,
        name: str,
        workdir: str | os.PathLike,
        step: int,
        config: Mapping[str, Any],
    ):
        """Opens a run of one of `SERVICES`.

        Raises:
            ValueError: if it cannot be opened.
        """
        self._name = name
        for variable, value in PATIENCE.items():
            os.environ.setdefault(variable, value)
        try:
            self._service = SERVICES[name](workdir, step, config)
        except Exception as error:  # Each has a hierarchy of its own.
            raise ValueError(
                f"train.tracker={name!r} cannot be opened ({error}); log in there, or "
                "say where it is, as docs/training.md tells."
            ) from error

    def _tell(self, method: str, *arguments) -> None:
        if self._service is None:
            return
        try:
            getattr(self._service, method)(*arguments)
        except Exception as error:
            logging.warning(
                "%s takes no more of this run (%s); the folder of the run has all.",
                self._name,
                error,
            )
            self._service = None

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs named values of a step."""
        self._tell("scalars", step, values)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Logs a PNG."""
        self._tell("image", step, name, png)

    def close(self, failed: bool) -> None:
        """Ends the run, and says whether it broke off."""
        self._tell("close", failed)
