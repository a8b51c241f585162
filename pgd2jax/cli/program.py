"""Reads the command line and runs one command."""

import argparse
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

import pgd2jax
from pgd2jax import compilation, signals, streams
from pgd2jax.cli import despeckle, evaluate, export, reference, report, show

READERS = ("jbpy", "rasterio", "tifffile")  # They log what their errors say again.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pgd2jax", description="Removes speckle from SAR images."
    )
    parser.add_argument("--version", action="version", version=pgd2jax.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (despeckle, reference, evaluate, report, export, show):
        command.add(commands)
    return parser


class _Terminated(BaseException):
    """One of `signals.STOPPING`, its number."""


@contextlib.contextmanager
def _terminated_cleanly() -> Iterator[None]:
    """Has signals clean up as Ctrl-C does; only the main thread can ask for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, _):
        raise _Terminated(number)

    before = signals.take(stop, signals.STOPPING)
    try:
        yield
    finally:
        signals.give_back(before)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    streams.open_closed()
    args = _parser().parse_args(argv)
    compilation.cache()
    for name in READERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Names of files may be no text.
            stream.reconfigure(errors="backslashreplace")
    try:
        with _terminated_cleanly():
            return args.run(args) or 0
    except (ValueError, OSError) as error:
        print(f"pgd2jax: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, _Terminated) as stopped:
        with contextlib.suppress(OSError):  # The terminal may be gone.
            print("pgd2jax: stopped; finished files are whole.", file=sys.stderr)
        number = stopped.args[0] if isinstance(stopped, _Terminated) else signal.SIGINT
        return 128 + number
