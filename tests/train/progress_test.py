import time

import numpy as np

from pgd2jax.train import progress


def test_time_of_a_long_run_on_a_cpu_is_told_with_ways_to_shorten_it(caplog):
    clock = progress.Clock(first=4, num_steps=10**9)
    for step in (5, 6, 7):
        clock.tick(step)
        time.sleep(1e-3)  # Without it a step may take no time at all.
    (warning,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert "hours" in warning
    assert "configs/small.py" in warning


def test_profile_traces_some_steps_and_no_more(tmp_path):
    profile = progress.Profile(tmp_path, first=3, num_steps=18)
    for step in range(4, 30):
        profile.tick(step, np.zeros(1))
    (trace,) = (tmp_path / "profile").rglob("*.xplane.pb")
    assert trace.stat().st_size > 0


def test_too_few_steps_for_a_profile_are_told(tmp_path, caplog):
    profile = progress.Profile(tmp_path, first=3, num_steps=17)
    for step in range(4, 18):
        profile.tick(step, np.zeros(1))
    assert "no profile" in caplog.text
    assert not list(tmp_path.iterdir())
