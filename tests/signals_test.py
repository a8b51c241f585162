import os
import pty
import signal
import subprocess
import sys

import pytest

from pgd2jax import cli
from pgd2jax.evaluation import running as measuring
from pgd2jax.sweep import running
from pgd2jax.train import stopping


@pytest.fixture
def unhung():
    """Ignores SIGHUP, as nohup has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signal.signal(signal.SIGHUP, before)


def test_commands_under_nohup_go_on(monkeypatch, unhung):
    def hang_up(*_):
        os.kill(os.getpid(), signal.SIGHUP)
        raise ValueError("went on")

    monkeypatch.setattr(measuring, "rows", hang_up)
    assert cli.main(["evaluate", "--canonical=1", "--methods=noisy"]) == 1


def test_trainings_under_nohup_go_on(unhung):
    with stopping.Stop() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop.after(1) == 0


def test_sweeps_under_nohup_and_their_runs_go_on(unhung):
    ignored = "import signal; exit(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    with running._Signals() as taken:
        os.kill(os.getpid(), signal.SIGHUP)
        assert taken.asked == 0
        assert taken.status([sys.executable, "-c", ignored]) == 1


def test_a_training_stops_when_its_terminal_is_closed():
    with stopping.Stop() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        assert stop.after(1) == signal.SIGHUP
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_ignores_ctrl_c_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.Stop() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.after(1) == signal.SIGTERM
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_whose_terminal_is_gone_ends_with_its_status():
    program = """
import os, signal, sys
from pgd2jax import cli
from pgd2jax.evaluation import running

def hang_up(*_):
    print("at work", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGHUP)

running.rows = hang_up
sys.exit(cli.main(["evaluate", "--canonical=1", "--methods=noisy"]))
"""
    pipe, (master, slave) = subprocess.PIPE, pty.openpty()
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=slave) as process:
        os.close(slave)
        assert process.stdout.readline() == b"at work\n"
        os.close(master)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait() == 129
