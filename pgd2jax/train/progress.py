"""Tells on the terminal how far a run is, and how long it will take."""

import pathlib
import time

import jax
import tqdm
from absl import logging

TRACED = range(10, 15)  # Steps after the first, of a profile.


class Clock:
    """Tells on a CPU how long the run will take, once a step is timed."""

    def __init__(self, first: int, num_steps: int):
        """Takes the steps done before and all of them."""
        self._compiled, self._timed = first + 1, first + 2
        self._num_steps = num_steps
        self._start = 0.0
        if jax.default_backend() == "cpu":
            logging.info("This is a CPU: after two steps the time of the run is told.")

    def tick(self, step: int) -> None:
        """Takes the number of a step that is done."""
        if jax.default_backend() != "cpu" or step > self._timed:
            return
        if step == self._compiled:
            self._start = time.monotonic()
            return
        seconds = time.monotonic() - self._start
        hours = seconds * (self._num_steps - step) / 3600
        if hours > 0.25:
            logging.warning(
                "On this CPU %d steps of %.1f s will take %.1f hours. To shorten it, "
                "lower --config.train.num_steps, or take --config configs/small.py, "
                "made for a CPU; a GPU or TPU is used where the extra `gpu` or `tpu` "
                "is installed.",
                self._num_steps - step,
                seconds,
                hours,
            )


class Profile:
    """Traces a few steps for XProf or Perfetto."""

    def __init__(self, workdir: pathlib.Path, first: int, num_steps: int):
        """Takes the folder of the run, the steps done before and all of them."""
        self._folder = workdir / "profile"
        self._begin, self._end = first + TRACED.start, first + TRACED.stop
        if self._end > num_steps:
            self._begin = self._end = None
            logging.warning(
                "There will be no profile: it needs %d steps to go.", TRACED.stop
            )

    def tick(self, step: int, result) -> None:
        """Takes the number of a step just queued and what it returns."""
        if step == self._begin:
            jax.block_until_ready(result)
            jax.profiler.start_trace(self._folder, create_perfetto_trace=True)
        elif step == self._end:
            jax.block_until_ready(result)
            jax.profiler.stop_trace()
            logging.info("The profile of %d steps is in %s.", len(TRACED), self._folder)


def bar(first: int, num_steps: int) -> tqdm.tqdm:
    """Returns the numbers of the steps to take, with a line on the first process."""
    return tqdm.tqdm(
        range(first + 1, num_steps + 1),
        initial=first,
        total=num_steps,
        unit="step",
        disable=jax.process_index() != 0,
    )
