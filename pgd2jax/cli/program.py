"""Reads the command line and runs one command."""

import argparse
import sys
from collections.abc import Sequence

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


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = _parser().parse_args(argv)
    compilation.cache()
    try:
        return args.run(args) or 0
    except (ValueError, OSError) as error:
        print(f"pgd2jax: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pgd2jax: stopped; finished files are whole.", file=sys.stderr)
        return 130
