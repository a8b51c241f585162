"""Stops a run between two steps when it is told to, so that nothing is lost."""

import pathlib
import signal

import jax
from jax.experimental import multihost_utils

from pgd2jax import signals

SIGNALS = (*signals.STOPPING, signal.SIGINT)


class Stopped(Exception):
    """A run that was told to stop, and has saved its last step.

    Attributes:
        status: Exit status by the custom of shells, 128 and the signal's number: 143
            for SIGTERM, which schedulers send, 130 for Ctrl-C.
    """

    def __init__(self, message: str, number: int):
        """Takes the message and the signal's number."""
        super().__init__(message)
        self.status = 128 + number

    @classmethod
    def after(cls, step: int, workdir: pathlib.Path, number: int) -> "Stopped":
        """Returns what tells after which step a run was stopped."""
        return cls(
            f"stopped after step {step}, which is saved; the same command goes on from "
            f"{workdir}.",
            number,
        )


class Stop:
    """Takes `SIGNALS` while it is open; a second Ctrl-C interrupts.

    Of several processes each may get the signal at another time, or one alone: JAX
    watches for SIGTERM and has all of them stop at the same step.

    Attributes:
        asked: Number of the signal that came to this process, or 0; of one process.
    """

    def __init__(self):
        """Waits for nothing yet."""
        self.asked = 0
        self._before = {}

    def __enter__(self):
        """Starts to listen."""
        if jax.process_count() == 1:
            self._before = signals.take(self._take, SIGNALS)
        return self

    def __exit__(self, *_):
        """Gives the signals back."""
        signals.give_back(self._before)

    def _take(self, number, frame):
        del frame
        self.asked = number
        if signal.SIGINT in self._before:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def after(self, step: int) -> int:
        """Returns the signal to stop for after this step, the same everywhere, or 0."""
        if jax.process_count() == 1:
            return self.asked
        if multihost_utils.reached_preemption_sync_point(step):
            return signal.SIGTERM
        return 0
