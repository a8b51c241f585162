"""`pgd2jax evaluate`: despecklers beside each other, on scenes of many kinds."""

import argparse
import math
import pathlib
import shlex
import sys

import tqdm

import pgd2jax
from pgd2jax.cli import options
from pgd2jax.evaluation import (
    canonical,
    cases,
    methods,
    records,
    running,
    statistics,
    tables,
)


def add(commands) -> None:
    """Adds the command."""
    path = pathlib.Path
    sub = commands.add_parser(
        "evaluate", help="measure despecklers on data sets, files, time series"
    )
    options.add_weights(sub)
    sub.add_argument(
        "--methods",
        default=",".join(methods.DEFAULT),
        metavar="NAME,...",
        help=f"some of {', '.join(methods.names())} [%(default)s]",
    )
    scenes = sub.add_mutually_exclusive_group()
    scenes.add_argument(
        "--data", default="simulated", help="of sar_despeckle [%(default)s]"
    )
    scenes.add_argument("--files", type=path, nargs="+", help="images of your own")
    scenes.add_argument(
        "--stack", type=path, nargs="+", help="dates, each against the others' mean"
    )
    scenes.add_argument(
        "--canonical",
        type=int,
        metavar="DRAWS",
        help="canonical scenes of known ground, with so many draws of speckle each",
    )
    sub.add_argument("--data_dir", default="data", help="of TFDS [%(default)s]")
    sub.add_argument("--split", help="[test]")
    sub.add_argument("--scenes", type=int, metavar="N", help="of the split, at most")
    sub.add_argument(
        "--looks", type=float, help="of the tiles to take [1], or of the files' pixels"
    )
    sub.add_argument(
        "--references", type=path, nargs="+", default=(), help="one for each of --files"
    )
    options.add_layer(sub)
    options.add_pixels(sub)
    options.add_region(
        sub,
        "homogeneous rows and columns of --files or --stack; can be repeated",
        action="append",
    )
    sub.add_argument("--output", type=path, help="folder for rows, tables and images")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Prints the table, and writes rows, tables and images if told."""
    chosen = [name.strip() for name in args.methods.split(",") if name.strip()]
    compared = methods.create(chosen, pgd2jax.load(args.weights))
    scenes = _cases(args)
    if args.output is None:
        found = _measured(scenes, compared, None)
    else:
        made = records.about(
            shlex.join(["pgd2jax", *sys.argv[1:]]),
            scenes.title,
            chosen,
            methods.OURS if methods.OURS in chosen else chosen[-1],
            str(args.weights),
        )
        with records.folder(args.output) as folder:
            found = _measured(scenes, compared, folder)
            records.write(folder, made, found)
    print(tables.text(statistics.summary(found)))
    if args.output:
        print(f"{args.output}: rows, tables, images; pgd2jax report {args.output}")


def _cases(args: argparse.Namespace) -> cases.Cases:
    if args.looks is not None and not 1 <= args.looks < math.inf:
        raise ValueError(f"--looks={args.looks:g} must be at least 1.")
    own = {
        "layer": args.layer,
        "kind": args.pixels,
        "looks": args.looks,
        "regions": args.region,
    }
    if args.scenes is not None and args.scenes < 1:
        raise ValueError(f"--scenes={args.scenes} must be at least 1.")
    if args.files or args.stack or args.canonical is not None:
        for name in ("split", "scenes"):
            if getattr(args, name) is not None:
                raise ValueError(f"--{name} belongs to --data.")
    if args.files:
        return cases.of_files(args.files, args.references, **own)
    if args.references:
        raise ValueError("--references belong to --files.")
    if args.stack:
        return cases.of_series(args.stack, **own)
    for name, left_out in (("region", None), ("layer", None), ("pixels", "auto")):
        if getattr(args, name) != left_out:
            raise ValueError(f"--{name} belongs to --files or --stack.")
    if args.canonical is not None:
        if args.looks not in (None, 1):
            raise ValueError("--looks: canonical scenes are of one look.")
        if args.canonical < 1:
            raise ValueError("--canonical needs one draw at least.")
        return canonical.cases(args.canonical)
    return cases.of_data_set(
        args.data_dir, args.data, args.split or "test", args.looks or 1.0, args.scenes
    )


def _measured(scenes, compared, folder) -> list[running.Row]:
    def keep(case, estimates):
        if folder is not None:
            records.write_scene(folder, case, estimates)

    rows = running.rows(scenes.scenes, compared, keep)
    total = scenes.count * len(compared)
    return list(tqdm.tqdm(rows, unit="image", total=total))
