"""Hands what there is to watch to all that record it."""

import contextlib
import importlib.util
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import jax
import numpy as np
from flax import traverse_util
from PIL import Image

from pgd2jax.sar import radiometry
from pgd2jax.train import scalar_file
from pgd2jax.train.watch import services, tensorboard


class Recorder(Protocol):
    """Keeps scalars and images of a run."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Keeps named values of a step."""

    def image(self, step: int, name: str, png: bytes) -> None:
        """Keeps a grey image."""

    def close(self, failed: bool) -> None:
        """Writes what is pending; `failed` says whether the run broke off."""


class Watch:
    """Records scalars and images of a run in several places."""

    def __init__(self, recorders: list[Recorder]):
        """Takes the recorders; none where another process records."""
        self._recorders = recorders

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Records named values of a step."""
        for recorder in self._recorders:
            recorder.scalars(step, values)

    def image(self, step: int, name: str, panels: list[np.ndarray]) -> None:
        """Records intensities, [H, W] each, side by side on one 30 dB scale."""
        decibel = radiometry.decibel(np.concatenate(panels, axis=1), 1e-9)
        # Around the last panel, the reference.
        middle = np.median(decibel[:, -panels[-1].shape[1] :])
        grey = np.clip((decibel - middle + 15) / 30, 0, 1) * 255
        buffer = io.BytesIO()
        Image.fromarray(grey.astype(np.uint8)).save(buffer, format="png")
        for recorder in self._recorders:
            recorder.image(step, name, buffer.getvalue())

    def close(self, failed: bool) -> None:
        """Writes what is pending; `failed` says whether the run broke off."""
        for recorder in self._recorders:
            recorder.close(failed)


def check(tracker: str) -> None:
    """Checks that a service is known and installed.

    Raises:
        ValueError: if it is not.
    """
    if not tracker:
        return
    if tracker not in services.SERVICES:
        known = ", ".join(services.SERVICES)
        raise ValueError(f"train.{tracker=} must be one of {known}, or empty.")
    if importlib.util.find_spec(tracker) is None:
        raise ValueError(
            f"train.{tracker=} needs the package {tracker}: pip install {tracker}"
        )


@contextlib.contextmanager
def create(
    workdir: str | os.PathLike, step: int, config: Mapping[str, Any], tracker: str
) -> Iterator[Watch]:
    """Opens what records a run, and closes it at the end, whatever that is.

    Of several processes the first records.

    Args:
        workdir: Of the run.
        step: The last one that counts.
        config: Of the run, a dict of dicts.
        tracker: One of `services.SERVICES` beside CSV and TensorBoard, or empty.

    Raises:
        ValueError: if the tracker cannot be opened.
    """
    flat = traverse_util.flatten_dict(dict(config), sep=".")
    recorders = []
    watch = Watch(recorders)
    try:
        if jax.process_index() == 0:
            recorders.append(scalar_file.ScalarFile(workdir, step))
            recorders.append(tensorboard.TensorBoard(workdir, step, flat))
            if tracker:
                recorders.append(services.Service(tracker, workdir, step, flat))
        yield watch
    except BaseException:
        watch.close(failed=True)
        raise
    watch.close(failed=False)
