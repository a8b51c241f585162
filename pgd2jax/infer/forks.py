"""JAX does not survive a fork."""

import functools
import os


@functools.cache
def _home() -> int:
    """Returns the process that first asked, and to forks of it the same."""
    return os.getpid()


def check() -> None:
    """Raises RuntimeError in a fork of a process that has despeckled.

    JAX works with threads, which a fork does not have: there it hangs or crashes.
    """
    if os.getpid() != _home():
        raise RuntimeError(
            "this process was forked from one that loaded a despeckler, where JAX does "
            "not work; start processes by multiprocessing.get_context('spawn')."
        )
