"""`pgd2jax reference`: a near-real reference from a time series."""

import argparse
import functools
import pathlib

import numpy as np
import tqdm

from pgd2jax import raster
from pgd2jax.cli import options
from pgd2jax.sar import glrt, pixels


def add(commands) -> None:
    """Adds the command."""
    path = pathlib.Path
    sub = commands.add_parser(
        "reference", help="make a near-real reference from a time series"
    )
    sub.add_argument(
        "stack",
        type=path,
        nargs="+",
        help="co-registered images, one a date, or a folder of them",
    )
    sub.add_argument("--output", type=path, required=True, help="the reference")
    options.add_layer(sub)
    sub.add_argument("--looks-map", type=path, help="how many looks were averaged")
    sub.add_argument(
        "--looks",
        type=float,
        help="of each date [1 of SLC; else as the first says, or as estimated]",
    )
    sub.add_argument(
        "--window",
        type=int,
        nargs=2,
        default=glrt.Rules.window,
        metavar=("ROWS", "COLS"),
        help="to look for like pixels in, odd [15 15]",
    )
    sub.add_argument(
        "--level",
        type=float,
        default=glrt.Rules.level,
        help="part of like pixels that a test rejects [%(default)s]",
    )
    sub.add_argument(
        "--tile",
        type=int,
        help="rows and columns worked on at once, a multiple of 8 [256; on a GPU 1024]",
    )
    options.add_pixels(sub)
    options.add_overwrite(sub)
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Makes the reference."""
    # All that can be wrong is told before the series is read.
    rules = glrt.Rules(args.window, args.level)
    if args.tile is not None:
        glrt.check_tile(args.tile)
    files = raster.series(args.stack)
    places = [path.resolve() for path in files]
    folders = [path.resolve() for path in args.stack if path.is_dir()]
    outputs = list(filter(None, (args.output, args.looks_map)))
    for path in outputs:
        if path.resolve() in places:
            raise ValueError(f"{path}: is taken already; give it another name.")
        if path.resolve().parent in folders:
            raise ValueError(
                f"{path}: would be taken for a date next time; choose another folder."
            )
        raster.check_new(raster.check_format(path), args.overwrite)
        places.append(path.resolve())
    with raster.Image(files[0], args.layer) as first:
        for path in outputs:
            beside = sum(path.parent == other.parent for other in outputs)
            raster.check_space(path, first.shape, np.float32, copies=beside)
        with raster.named(files[0]):
            kind = pixels.kind_of(first, args.pixels)
        looks = first.looks if args.looks is None else args.looks
    samples, tags = raster.read_stack(
        tqdm.tqdm(files, unit="date", desc="reading"),
        functools.partial(pixels.samples_of, kind=kind),
        args.layer,
    )
    single = np.iscomplexobj(samples)
    try:
        stack = glrt.Stack(samples, looks=looks, rules=rules)
    except ValueError as error:
        raise ValueError(f"{files[0]} and the others: {error}") from error
    with options.progress_bar("multilooking", "tile") as progress:
        reference, enl = stack.reference(args.tile, progress)
    raster.write(args.output, raster.Raster(reference, tags))
    if args.looks_map:
        raster.write(args.looks_map, raster.Raster(enl, tags))
    taken = "complex samples" if single else f"intensity of {stack.looks:.1f} looks"
    print(
        f"{stack.dates} dates of {stack.shape[0]} x {stack.shape[1]}, taken as {taken}"
    )
    print(f"one in {stack.correlation.sum():.2f} pixels is independent")
    known = enl[enl > 0]
    print(f"median of the looks averaged: {np.median(known):.0f}")
    print(f"{args.output}: the reference, float32 linear power")
    if args.looks_map:
        print(f"{args.looks_map}: the looks averaged, float32")
