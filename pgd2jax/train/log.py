"""What the steps returned: read late, averaged, recorded, and judged."""

import math

import jax
import numpy as np
import tqdm
from absl import logging

from pgd2jax.train import timing, watch

COUNTS = ("skipped", "in_a_row")  # Of what a step returns; the rest are to average.


class NotFinite(ValueError):
    """Too many steps in a row whose loss or gradient was not finite.

    Attributes:
        step: The last of them.
        in_a_row: Their count.
    """

    def __init__(self, step: int, in_a_row: int):
        """Takes the last step and the count."""
        super().__init__(f"not finite in {in_a_row} steps in a row, up to {step}")
        self.step, self.in_a_row = step, in_a_row


class Log:
    """Collects what steps return and records their means.

    A window of steps is read once the step after it is queued, so that the device has
    something to do meanwhile.
    """

    def __init__(
        self,
        watching: watch.Watch,
        times: timing.Timing,
        bar: tqdm.tqdm,
        max_skipped: int,
    ):
        """Takes where to record, whose time to tell, and the line on the terminal.

        Args:
            watching: Records.
            times: Of the steps.
            bar: On the terminal.
            max_skipped: As many skipped steps in a row end the run.
        """
        self._watching, self._times, self._bar = watching, times, bar
        self._max_skipped = max_skipped
        self._window, self._due = [], None
        self._skipped = 0
        self._shown = {}

    def add(self, scalars: dict[str, jax.Array]) -> None:
        """Adds what one step returned."""
        self._window.append(scalars)

    def close_window(self, step: int) -> None:
        """Ends the window with the step that was added last."""
        if self._window:
            self._due = step, self._window
            self._window = []

    def write(self) -> None:
        """Records the window that has ended, if there is one that is not recorded.

        Raises:
            NotFinite: if the run gets nowhere.
        """
        if self._due is None:
            return
        step, window = self._due[0], jax.device_get(self._due[1])
        self._due = None
        self._times.lap("device")
        taken = [scalars for scalars in window if not scalars["in_a_row"]]
        found = {
            f"train/{name}": float(np.mean([scalars[name] for scalars in taken]))
            for name in window[-1]
            if taken and name not in COUNTS
        }
        skipped = int(window[-1]["skipped"])
        found |= {"train/skipped": skipped} | self._times.take(len(window))
        self._watching.scalars(step, found)
        self.show(loss=f"{found.get('train/loss', math.nan):.3f}")
        if skipped > self._skipped:
            logging.warning(
                "Up to step %d, %d steps were skipped: their loss or gradient was not "
                "finite.",
                step,
                skipped,
            )
            self._skipped = skipped
        for back, scalars in enumerate(reversed(window)):
            if scalars["in_a_row"] >= self._max_skipped:
                raise NotFinite(step - back, int(scalars["in_a_row"]))

    def show(self, **values: str) -> None:
        """Shows values at the end of the line on the terminal."""
        self._shown |= values
        self._bar.set_postfix(self._shown)
