import signal

import jax
import pytest

from pgd2jax.train import hosts


@pytest.mark.parametrize(
    "given", [("localhost:1", 0, -1), ("", 2, 0), ("localhost:1", 2, 2)]
)
def test_what_goes_together_is_said(given):
    with pytest.raises(ValueError, match="go together: HOST:PORT"):
        hosts.join(*given)


def test_processes_that_nothing_tells_of_are_to_be_named(monkeypatch):
    def initialize(*_):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    with pytest.raises(ValueError, match="start each with --coordinator"):
        hosts.join()


def test_a_process_that_left_the_others_can_be_stopped(monkeypatch):
    found = []
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax.distributed, "shutdown", lambda: found.append("left"))
    watched = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        hosts.leave()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, watched)
    assert found == ["left"]
