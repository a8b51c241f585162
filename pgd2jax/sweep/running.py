"""Trains the runs of a sweep one after the other."""

import pathlib
import signal
import subprocess
import sys
from collections.abc import Sequence

from absl import logging

from pgd2jax import signals
from pgd2jax.sweep import planning, results, table
from pgd2jax.train import stopping

PROGRAM = (sys.executable, "-m", "pgd2jax.main")
STOPPED = tuple(128 + number for number in stopping.SIGNALS)  # Of shells.


class _Signals:
    """Takes signals during a sweep: its run gets them and saves itself.

    Attributes:
        asked: Number of the signal that came, or 0.
    """

    def __init__(self):
        self.asked = 0
        self._process = None

    def __enter__(self):
        self._before = signals.take(self._take, stopping.SIGNALS)
        return self

    def __exit__(self, *_):
        signals.give_back(self._before)

    def _take(self, number, frame):
        del frame
        self.asked = number
        # Terminals send Ctrl-C to the run as well, and two would interrupt it.
        if number != signal.SIGINT and self._process:
            self._process.send_signal(number)

    def status(self, command: Sequence[str]) -> int:
        """Runs a command and returns its exit status by the custom of shells."""
        self._process = subprocess.Popen(command)
        if self.asked:  # Before there was a process to tell.
            self._process.terminate()
        status = self._process.wait()
        self._process = None
        return status if status >= 0 else 128 - status


def run(runs: Sequence[planning.Run], workdir: pathlib.Path) -> list[results.Result]:
    """Trains all runs, each in its folder of `workdir`, and writes the table there.

    Returns:
        A result for each run.

    Raises:
        Stopped: if a signal ended a run; the table is not written then.
    """
    found = []
    workdir.mkdir(parents=True, exist_ok=True)
    with _Signals() as taken:
        for number, one in enumerate(runs, 1):
            logging.info("Run %d of %d: %s", number, len(runs), one.name)
            folder = workdir / one.name
            status = taken.status([*PROGRAM, *one.flags, f"--workdir={folder}"])
            if taken.asked or status in STOPPED:
                raise stopping.Stopped(
                    f"the sweep stopped at run {number} of {len(runs)}, {one.name}; "
                    "the same command goes on from there.",
                    taken.asked or status - 128,
                )
            measured = () if status else results.measured(folder)
            found.append(results.Result(one.values, bool(status), *measured))
    table.write(found, workdir)
    return found
