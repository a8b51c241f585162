"""`pgd2jax despeckle`: images, file to file."""

import argparse
import functools
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pgd2jax
from pgd2jax import devices, raster
from pgd2jax.cli import options
from pgd2jax.infer import jobs, scene

SHORT = 24  # Letters of a name before the progress bar; Sentinel-1's are long.


def add(commands) -> None:
    """Adds the command."""
    path = pathlib.Path
    sub = commands.add_parser("despeckle", help="despeckle images, file to file")
    sub.add_argument(
        "inputs",
        type=path,
        nargs="+",
        metavar="input",
        help="GeoTIFF, .npy, Sentinel-1 SAFE, ...; or a folder of them",
    )
    sub.add_argument(
        "--output",
        type=options.named_path,
        required=True,
        help=f"{', '.join(raster.FORMATS)}; of several inputs a folder",
    )
    options.add_overwrite(sub)
    sub.add_argument(
        "--resume",
        action="store_true",
        help="pass over results that are there; keep finished rows beside the result, "
        "and go on from those of a run that was stopped",
    )
    sub.add_argument(
        "--layers",
        type=lambda names: names.split(","),
        default=["*"],
        metavar="NAMES",
        help="of the images in a file that holds several, as iw1-vv,iw2-vv or '*-vv' "
        "[all]",
    )
    sub.add_argument(
        "--beam",
        metavar="FLAGS",
        help="run the images as a pipeline of Apache Beam, with these flags, as "
        "--beam='--runner=FlinkRunner'",
    )
    options.add_weights(sub)
    options.add_pixels(sub)
    sub.add_argument(
        "--calibrate",
        choices=("sigma0", "beta0", "gamma0"),
        help="Sentinel-1 products to backscatter [the power of their numbers]",
    )
    sub.add_argument(
        "--subtract-noise",
        action="store_true",
        help="take the thermal noise off Sentinel-1 products; writes a mask, too, of "
        "where nothing else is there",
    )
    sub.add_argument(
        "--deburst",
        action="store_true",
        help="one image on the ground of the bursts of each sub-swath of a Sentinel-1 "
        "product [as in its files, one below the other]",
    )
    sub.add_argument(
        "--looks",
        type=float,
        help="equivalent number of looks of an intensity or amplitude [as a Sentinel-1 "
        "GRD product says, else estimated]",
    )
    sub.add_argument(
        "--unit",
        choices=scene.UNITS,
        default="intensity",
        help="of the result [%(default)s]",
    )
    sub.add_argument(
        "--cog",
        action="store_true",
        help="write cloud-optimised GeoTIFF; needs the extra geo",
    )
    sub.add_argument(
        "--quicklook", action="store_true", help="a small .png beside each result, too"
    )
    sub.add_argument(
        "--tile",
        type=int,
        help="rows and columns at once [by the network's width: 1024 for base, "
        "on a GPU 1536]",
    )
    sub.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="[%(default)s]"
    )
    sub.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="[bfloat16 on GPU and TPU, float32 on a CPU]",
    )
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Despeckles all; returns the exit code, 1 if an image failed."""
    made = functools.partial(
        scene.results, quicklook=args.quicklook, subtract_noise=args.subtract_noise
    )
    work = jobs.plan(args.inputs, args.output, args.layers, made)
    if args.resume:
        done = [job for job in work if job.target.exists()]
        for job in done:
            print(f"{job.target}: is there already; passed over")
        work = [job for job in work if job not in done]
    how = {
        "kind": args.pixels,
        "looks": args.looks,
        "calibrate": args.calibrate,
        "subtract_noise": args.subtract_noise,
        "deburst": args.deburst,
        "unit": args.unit,
        "cog": args.cog,
        "quicklook": args.quicklook,
        "overwrite": args.overwrite,
        "resume": args.resume,
        "tile": args.tile,
    }
    if len(work) == 1:  # Before the slow start; of several, one after the other.
        (job,) = work
        scene.check_paths(job.source, made(job.target), args.overwrite, args.resume)
    if args.beam is None:
        devices.use(args.device)
        failed = _one_by_one(work, args.weights, args.precision, how)
    else:
        from pgd2jax.infer import beam

        network = args.weights, args.precision, args.device
        failed = beam.run(work, network, how, args.beam)
    if len(work) > 1:
        print(f"{len(work) - failed} of {len(work)} images despeckled")
    return 1 if failed else 0


def _one_by_one(
    work: Sequence[jobs.Job], weights: str, precision: str, how: Mapping[str, Any]
) -> int:
    """Returns how many failed."""
    if not work:
        return 0
    despeckler = pgd2jax.load(weights, dtype=precision)
    failed = []
    for job in work:
        try:
            title = job.target.stem[-SHORT:]
            with options.progress_bar(title, "pixel") as progress:
                taken = scene.despeckle(
                    despeckler,
                    job.source,
                    job.target,
                    layer=job.layer,
                    progress=progress,
                    **how,
                )
        except Exception as error:  # Whatever it is, the others go on.
            print(f"pgd2jax: {job.why_not(error)}", file=sys.stderr)
            failed.append(job)
            continue
        bursts = f", {taken.bursts} bursts" if taken.bursts > 1 else ""
        print(f"{job.name}: taken as {taken.kind}, {taken.looks:.1f} looks{bursts}")
        quantity = f"{how['calibrate']} as " if how["calibrate"] else ""
        print(f"{job.target}: {quantity}{how['unit']}, float32")
    if len(work) > 1:
        for job in failed:
            print(f"failed: {job.name}", file=sys.stderr)
    return len(failed)
