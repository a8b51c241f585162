"""Services that keep runs beside each other, for those who have them installed."""

import io
import os
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

from PIL import Image

PROJECT = "pgd2jax"


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

    def close(self) -> None:
        """Sends what is pending."""
        self._run.finish()


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

    def close(self) -> None:
        """Ends the run."""
        self._mlflow.end_run()


SERVICES = {"wandb": WeightsAndBiases, "mlflow": MLflow}
