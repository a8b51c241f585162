"""Finished rows of a result, kept beside it until it is whole."""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from absl import logging

from pgd2jax import raster


def fingerprint(params: Any) -> str:
    """Returns what tells weights from other weights."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(params):
        digest.update(np.ascontiguousarray(leaf).data)
    return digest.hexdigest()


def _paths(target: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Returns where the rows of a target are kept, and what is known of them."""
    rows = target.with_name(f".{target.name}.rows")
    return rows, rows.with_name(f"{rows.name}.json")


class Journal:
    """Rows of linear power, from the first on, in a hidden file.

    It outlives an interrupt and a killed process, and is taken up again by a run that
    would make the same rows.

    Attributes:
        rows: How many there are.
    """

    def __init__(
        self,
        target: str | os.PathLike,
        shape: tuple[int, int],
        identity: Mapping[str, Any],
    ):
        """Takes up the rows of an earlier run, or begins.

        Args:
            target: Of the result.
            shape: (rows, cols) of the image.
            identity: All that the rows depend on, to be compared as JSON.

        Raises:
            OSError: if the folder is read-only.
        """
        self._target = pathlib.Path(target)
        self._rows_path, self._about_path = _paths(self._target)
        rows, self._cols = shape
        self._about = json.dumps(identity, sort_keys=True, default=str)
        known = self._rows_path.exists() and self._about_path.exists()
        if known and not self._ours():
            logging.warning(
                "%s: the rows of an earlier run were made otherwise; begins anew.",
                self._target,
            )
            known = False
        if known and self._kept() > rows:
            logging.warning("%s: the kept rows are damaged; begins anew.", self._target)
            known = False
        if not known:
            self._rows_path.write_bytes(b"")
            self._about_path.write_text(self._about)
        self.rows = self._kept()

    def _ours(self) -> bool:
        """Returns whether the rows are kept by a run that makes the same ones."""
        return self._about_path.read_text(errors="replace") == self._about

    def _kept(self) -> int:
        return self._rows_path.stat().st_size // (4 * self._cols)

    def finished(self, height: int = 512) -> Iterator[np.ndarray]:
        """Yields the rows of the earlier run, [up to height, cols] float32."""
        with open(self._rows_path, "rb") as file:
            for start in range(0, self.rows, height):
                count = min(height, self.rows - start) * self._cols
                yield np.fromfile(file, np.float32, count).reshape(-1, self._cols)

    def add(self, power: np.ndarray) -> None:
        """Keeps the next rows, [rows, cols] float32.

        Raises:
            RasterError: if another run has made the same result, or is making it.
        """
        gone = not (self._rows_path.exists() and self._about_path.exists())
        if gone or self._kept() < self.rows or not self._ours():
            raise raster.RasterError(
                f"{self._target}: another run writes it, too; wait for that one."
            )
        with open(self._rows_path, "r+b") as file:
            file.truncate(4 * self.rows * self._cols)  # A row that was cut short.
            file.seek(0, os.SEEK_END)
            file.write(np.ascontiguousarray(power, np.float32).data)
            file.flush()
            os.fsync(file.fileno())
        self.rows += len(power)

    @staticmethod
    def exists(target: str | os.PathLike) -> bool:
        """Returns whether a stopped run has left rows of a target."""
        return _paths(pathlib.Path(target))[0].exists()

    @staticmethod
    def remove(target: str | os.PathLike) -> None:
        """Removes the rows of a target, if any: the result is whole."""
        for path in _paths(pathlib.Path(target)):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
