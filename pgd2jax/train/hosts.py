"""Several processes that train as one."""

import signal

import jax
from absl import logging

ANYWHERE = ("", 0, -1)  # Coordinator, processes and process where JAX finds them.


def join(coordinator: str = "", processes: int = 0, process: int = -1) -> None:
    """Waits for the other processes; comes before anything else that JAX does.

    If one of them does not come within five minutes, JAX ends this one.

    Args:
        coordinator: HOST:PORT of the first process; empty where JAX finds it by itself:
            under Slurm, Open MPI, Kubernetes, and on TPU pods.
        processes: Their count.
        process: Number of this one, from 0.

    Raises:
        ValueError: if nothing tells who the others are.
    """
    given = (coordinator, processes, process) != ANYWHERE
    if given and not (coordinator and 0 <= process < processes):
        raise ValueError(
            f"{coordinator=}, {processes=} and {process=} go together: HOST:PORT of "
            "the first process, their count, and the number of this one, from 0."
        )
    logging.info("Waiting for the other processes, for up to five minutes.")
    try:
        if given:
            jax.distributed.initialize(coordinator, processes, process)
        else:
            jax.distributed.initialize()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"the processes did not find each other ({error}); where JAX cannot tell "
            "who they are, start each with --coordinator, --processes and --process."
        ) from error


def leave() -> None:
    """Lets the other processes end while this one goes on by itself."""
    if jax.process_count() > 1:
        jax.distributed.shutdown()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # It was JAX's to watch for.
