"""`pgd2jax evaluate`: comparison with classical filters."""

import argparse
import csv
import pathlib

import tqdm

import pgd2jax
from pgd2jax import data, evaluate, raster
from pgd2jax.cli import options


def add(commands) -> None:
    """Adds the command."""
    path = pathlib.Path
    sub = commands.add_parser("evaluate", help="compare with classical filters")
    options.add_weights(sub)
    sub.add_argument(
        "--data", default="simulated", help="of sar_despeckle [%(default)s]"
    )
    sub.add_argument("--data_dir", default="data", help="of TFDS [%(default)s]")
    sub.add_argument("--split", default="test", help="[%(default)s]")
    sub.add_argument("--looks", type=float, default=1, help="tiles of so many looks")
    sub.add_argument("--output", type=path, help="CSV, one row a tile and method")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Prints the table, and writes the rows if told."""
    if args.output:
        raster.check_folder(args.output)
    despeckler = pgd2jax.load(args.weights)
    split = data.open_split(args.data_dir, args.data, args.split)
    chosen = [example for example in split if example["looks"] == args.looks]
    compared = evaluate.methods(despeckler)
    results = list(
        tqdm.tqdm(
            evaluate.rows(chosen, compared),
            unit="image",
            total=len(chosen) * len(compared),
        )
    )
    if not results:
        raise ValueError(f"{args.split} has no tile of {args.looks:g} looks.")
    if args.output:
        with (
            raster.replacing(args.output) as temporary,
            open(temporary, "w", newline="") as file,
        ):
            writer = csv.DictWriter(file, list(results[0]))
            writer.writeheader()
            writer.writerows(results)
    print(evaluate.table(evaluate.summary(results)))
