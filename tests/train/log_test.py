import io

import numpy as np
import pytest
import tqdm

from pgd2jax.train import log as logs
from pgd2jax.train import timing


class Recorder:
    """Keeps what it is told."""

    def __init__(self):
        self.rows = []

    def scalars(self, step, values):
        self.rows.append((step, values))


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def log(recorder):
    bar = tqdm.tqdm(file=io.StringIO())
    return logs.Log(recorder, timing.Timing(1.0, "float32"), bar, max_skipped=2)


def scalars(loss, skipped=0, in_a_row=0):
    return {
        "loss": np.float32(loss),
        "skipped": np.int32(skipped),
        "in_a_row": np.int32(in_a_row),
    }


def test_window_is_recorded_once_as_the_mean_of_the_steps_that_were_taken(
    log, recorder
):
    for returned in (scalars(1), scalars(np.nan, 1, 1), scalars(2, 1), scalars(6, 1)):
        log.add(returned)
    log.close_window(4)
    log.add(scalars(100, 1))  # Of the next window.
    log.write()
    log.write()
    ((step, values),) = recorder.rows
    assert step == 4
    assert values["train/loss"] == 3
    assert values["train/skipped"] == 1
    assert "train/in_a_row" not in values


def test_too_many_in_a_row_end_the_run_though_a_good_step_follows(log):
    for count in (1, 2, 0):
        log.add(scalars(1, 2, count))
    log.close_window(7)
    with pytest.raises(logs.NotFinite, match="in 2 steps in a row, up to 6"):
        log.write()


def test_window_without_a_taken_step_has_no_loss_and_too_many_end_the_run(
    log, recorder
):
    for count in (1, 2):
        log.add(scalars(np.nan, count, count))
    log.close_window(2)
    with pytest.raises(logs.NotFinite, match="in 2 steps in a row, up to 2"):
        log.write()
    ((_, values),) = recorder.rows
    assert values["train/skipped"] == 2
    assert "train/loss" not in values
