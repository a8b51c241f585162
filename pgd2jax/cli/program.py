"""Reads the command line and runs one command."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence

import pgd2jax
from pgd2jax import compilation
from pgd2jax.cli import despeckle, evaluate, export, reference, report, show


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pgd2jax", description="Removes speckle from SAR images."
    )
    parser.add_argument("--version", action="version", version=pgd2jax.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (despeckle, reference, evaluate, report, export, show):
        command.add(commands)
    return parser


@contextlib.contextmanager
def _terminated_cleanly() -> Iterator[None]:
    """Has SIGTERM, which schedulers send, clean up as Ctrl-C does."""

    def stop(number, _):
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = _parser().parse_args(argv)
    compilation.cache()
    try:
        with _terminated_cleanly():
            return args.run(args) or 0
    except (ValueError, OSError) as error:
        print(f"pgd2jax: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit) as stopped:
        print("pgd2jax: stopped; finished files are whole.", file=sys.stderr)
        return getattr(stopped, "code", 130)
