"""Signals that ask a process to stop."""

import signal
from collections.abc import Callable, Iterable, Mapping

# What schedulers send, and what a terminal that is closed does.
STOPPING = (signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)]))


def take(handler: Callable, numbers: Iterable[int]) -> dict[int, object]:
    """Has a function handle signals; returns what did so before, for `give_back`.

    What is ignored, as SIGHUP is under nohup, stays so.
    """
    return {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }


def give_back(before: Mapping[int, object]) -> None:
    """Undoes `take`."""
    for number, handler in before.items():
        signal.signal(number, handler or signal.SIG_DFL)
