"""What a run leaves for its owner to watch: TensorBoard events and a CSV."""

import csv
import io
import os
import pathlib
import time
from collections.abc import Mapping

import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer import event_file_writer

from pgd2jax import raster
from pgd2jax.sar import radiometry

FIELDS = ("step", "name", "value")


def _keep_until(path: pathlib.Path, step: int) -> None:
    """Drops rows after `step`: a resumed run writes them again."""
    if not path.exists():
        path.write_text(",".join(FIELDS) + "\n")
        return
    with open(path, newline="") as file:
        # A killed run may have left half a row.
        rows = [r for r in csv.DictReader(file) if r["value"] and r["step"].isdigit()]
    with raster.replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(row for row in rows if int(row["step"]) <= step)


class Watch:
    """Writes scalars and images of a run."""

    def __init__(self, workdir: str | os.PathLike, step: int):
        """Opens the files; `step` is the last one that counts."""
        workdir = pathlib.Path(workdir)
        self._csv = workdir / "scalars.csv"
        _keep_until(self._csv, step)
        self._events = event_file_writer.EventFileWriter(str(workdir / "tensorboard"))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes named values of a step to both files."""
        with open(self._csv, "a", newline="") as file:
            csv.writer(file).writerows([step, n, f"{v:.6g}"] for n, v in values.items())
        self._add(
            step,
            [
                summary_pb2.Summary.Value(tag=n, simple_value=v)
                for n, v in values.items()
            ],
        )

    def image(self, step: int, name: str, panels: list[np.ndarray]) -> None:
        """Writes intensities, [H, W] each, side by side on one 30 dB scale."""
        decibel = radiometry.decibel(np.concatenate(panels, axis=1), 1e-9)
        # Around the last panel, the reference.
        middle = np.median(decibel[:, -panels[-1].shape[1] :])
        grey = np.clip((decibel - middle + 15) / 30, 0, 1) * 255
        buffer = io.BytesIO()
        Image.fromarray(grey.astype(np.uint8)).save(buffer, format="png")
        rows, cols = grey.shape
        image = summary_pb2.Summary.Image(
            height=rows,
            width=cols,
            colorspace=1,
            encoded_image_string=buffer.getvalue(),
        )
        self._add(step, [summary_pb2.Summary.Value(tag=name, image=image)])

    def _add(self, step, values):
        event = event_pb2.Event(
            wall_time=time.time(), step=step, summary=summary_pb2.Summary(value=values)
        )
        self._events.add_event(event)

    def close(self) -> None:
        """Writes what is pending."""
        self._events.close()
