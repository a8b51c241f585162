"""TensorBoard events, by TensorBoard's own writer, which needs no TensorFlow."""

import io
import os
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import summary_v2
from tensorboard.summary.writer import event_file_writer


class TensorBoard:
    """Writes scalars, images and hyperparameters to the run's folder `tensorboard`."""

    def __init__(
        self, workdir: str | os.PathLike, step: int, config: Mapping[str, Any]
    ):
        """Opens a file of events.

        Args:
            workdir: Of the run.
            step: Last step that counts: TensorBoard forgets what a run that was broken
                off has written after it.
            config: Flat, by dotted names.
        """
        folder = pathlib.Path(workdir) / "tensorboard"
        self._events = event_file_writer.EventFileWriter(str(folder))
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._add(step=step + 1, session_log=start)
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in config.items()
        }
        self._add(step=step, summary=summary_v2.hparams_pb(plain, str(workdir)))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes named values of a step."""
        self._summary(
            step,
            [
                summary_pb2.Summary.Value(tag=n, simple_value=v)
                for n, v in values.items()
            ],
        )

    def image(self, step: int, name: str, png: bytes) -> None:
        """Writes a PNG."""
        cols, rows = Image.open(io.BytesIO(png)).size
        image = summary_pb2.Summary.Image(
            height=rows, width=cols, colorspace=1, encoded_image_string=png
        )
        self._summary(step, [summary_pb2.Summary.Value(tag=name, image=image)])

    def _summary(self, step, values):
        self._add(step=step, summary=summary_pb2.Summary(value=values))

    def _add(self, **fields):
        self._events.add_event(event_pb2.Event(wall_time=time.time(), **fields))

    def close(self, failed: bool = False) -> None:
        """Writes what is pending."""
        self._events.close()
