"""`pgd2jax export`: the network as one file for other programs, or its weights."""

import argparse
import pathlib

import pgd2jax
from pgd2jax import checkpoints, raster
from pgd2jax.cli import options
from pgd2jax.infer import export
from pgd2jax.infer.source import Source

SUFFIXES = (".jaxexp", ".onnx", "")


def add(commands) -> None:
    """Adds the command."""
    sub = commands.add_parser("export", help="write the network for other programs")
    sub.add_argument(
        "--output",
        type=pathlib.Path,
        required=True,
        help=".jaxexp, for jax.export; .onnx; or, without an ending, a new folder of "
        "the weights alone, for pgd2jax.load",
    )
    options.add_overwrite(sub)
    options.add_weights(sub)
    sub.add_argument(
        "--pixels",
        choices=export.KINDS,
        default="slc",
        help="that the network takes; folders of weights have none [%(default)s]",
    )
    sub.add_argument(
        "--like",
        type=pathlib.Path,
        help="SLC image of the sensor and mode that the file is for, where the network "
        "whitens its samples",
    )
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Writes the file, or the folder."""
    path, suffix = args.output, args.output.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{path}: the name must end in .jaxexp or .onnx, or have no ending, for a "
            "folder of weights."
        )
    if str(path) in checkpoints.published():
        raise ValueError(f"{path}: is a name of weights that come along; give another.")
    if path.exists() and not suffix:
        raise FileExistsError(f"{path}: is there already; give another name.")
    raster.check_new(path, args.overwrite)
    if not suffix:
        checkpoints.export_weights(args.weights, path)
        print(f"{path}: weights for pgd2jax.load({str(path)!r})")
        return
    despeckler = pgd2jax.load(args.weights, dtype="float32")
    whitener = None if args.like is None else _like(args.like, despeckler)
    if suffix == ".onnx":
        data = export.onnx(despeckler, args.pixels, whitener)
        least = despeckler.model.stride
    else:
        data, least = export.jaxexp(despeckler, args.pixels, whitener=whitener), 2
    with raster.replacing(path) as temporary:
        temporary.write_bytes(data)
    print(
        f"{path}: takes {args.pixels} from {least} x {least} pixels on, "
        f"{len(data) / 1e6:.1f} MB"
    )


def _like(path: pathlib.Path, despeckler: pgd2jax.Despeckler):
    """Returns the whitener of the mode in which an image was taken."""
    if not despeckler.model.whitens:
        raise ValueError("--like: these weights whiten no samples; leave it out.")
    with raster.Image(path) as image:
        source = Source(image, "slc")
        seen = despeckler.examine(source.read, source.shape, source.dtype)
    if seen.whitener is None:
        raise ValueError(
            f"{path}: is too small, has too many gaps or several spectra; give another."
        )
    return export.of_mode(seen.whitener)
