"""The console command `pgd2jax`."""

import argparse
import contextlib
import csv
import functools
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np
import tqdm

import pgd2jax
from pgd2jax import checkpoints, compilation, data, evaluate, raster
from pgd2jax.infer import jobs, scene
from pgd2jax.metrics import referenced, unreferenced
from pgd2jax.sar import glrt, pixels, radiometry, scenes


@contextlib.contextmanager
def _bar(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what shows (done, in all)."""
    with tqdm.tqdm(unit=unit, desc=title, unit_scale=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _use(device: str) -> None:
    """Chooses what JAX runs on, before it starts."""
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif device == "gpu" and jax.default_backend() != "gpu":
        raise ValueError(
            "--device gpu: JAX finds none; install its extra, pip install "
            '"pgd2jax[gpu]".'
        )


def _despeckle(args: argparse.Namespace) -> int:
    work = jobs.plan(args.inputs, args.output)
    looks = [job.target.with_suffix(".png") if args.quicklook else None for job in work]
    if len(work) == 1:  # Before the slow start; of several, one after the other.
        scene.check_paths(*work[0], *looks, overwrite=args.overwrite)
    _use(args.device)
    despeckler = pgd2jax.load(args.weights, dtype=args.precision)
    failed = []
    for job, look in zip(work, looks, strict=True):
        try:
            with _bar(job.source.name, "pixel") as progress:
                taken = scene.despeckle(
                    despeckler,
                    *job,
                    kind=args.pixels,
                    looks=args.looks,
                    unit=args.unit,
                    quicklook=look,
                    overwrite=args.overwrite,
                    tile=args.tile,
                    progress=progress,
                )
        except (ValueError, OSError) as error:
            print(f"pgd2jax: {error}", file=sys.stderr)
            failed.append(job.source)
            continue
        print(f"{job.source}: taken as {taken.kind}, {taken.looks:.1f} looks")
        print(f"{job.target}: {args.unit}, float32")
    if len(work) > 1:
        print(f"{len(work) - len(failed)} of {len(work)} images despeckled")
        for path in failed:
            print(f"failed: {path}", file=sys.stderr)
    return 1 if failed else 0


def _reference(args: argparse.Namespace) -> None:
    # All that can be wrong is told before the series is read.
    rules = glrt.Rules(args.window, args.level)
    if args.tile is not None:
        glrt.check_tile(args.tile)
    files = raster.series(args.stack)
    places = [path.resolve() for path in files]
    folders = [path.resolve() for path in args.stack if path.is_dir()]
    for path in filter(None, (args.output, args.looks_map)):
        raster.check_folder(raster.check_format(path))
        if path.resolve() in places:
            raise ValueError(f"{path}: is taken already; give it another name.")
        if path.resolve().parent in folders:
            raise ValueError(
                f"{path}: would be taken for a date next time; choose another folder."
            )
        places.append(path.resolve())
    with raster.Image(files[0]) as first:
        kind = pixels.kind_of(first, args.pixels)
    samples, tags = raster.read_stack(
        tqdm.tqdm(files, unit="date", desc="reading"),
        functools.partial(pixels.samples_of, kind=kind),
    )
    try:
        stack = glrt.Stack(samples, looks=args.looks, rules=rules)
    except ValueError as error:
        raise ValueError(f"{files[0]} and the others: {error}") from error
    with _bar("multilooking", "tile") as progress:
        reference, looks = stack.reference(args.tile, progress)
    raster.write(args.output, raster.Raster(reference, tags))
    if args.looks_map:
        raster.write(args.looks_map, raster.Raster(looks, tags))
    taken = "complex samples" if np.iscomplexobj(samples) else "intensity"
    print(
        f"{stack.dates} dates of {stack.shape[0]} x {stack.shape[1]}, taken as {taken}"
    )
    print(f"one in {stack.correlation.sum():.2f} pixels is independent")
    known = looks[looks > 0]
    print(f"median of the equivalent number of looks: {np.median(known):.0f}")
    print(f"{args.output}: the reference, float32 linear power")
    if args.looks_map:
        print(f"{args.looks_map}: its equivalent number of looks, float32")


def _simulate(args: argparse.Namespace) -> None:
    for path in (args.output, args.reference):
        raster.check_folder(raster.check_format(path))
    key = jax.random.key(args.seed)
    observe = jax.jit(scenes.observe, static_argnames="size")
    drawn = jax.device_get(observe(key, args.size, args.white, 1))
    slc = radiometry.slc(drawn.intensity, drawn.phase)
    raster.write(args.output, raster.Raster(slc))
    raster.write(args.reference, raster.Raster(drawn.reference))
    print(f"{args.output}: single-look complex, complex64")
    print(f"{args.reference}: its reference, float32 linear power")


def _intensity(path: pathlib.Path, kind: str = "auto") -> np.ndarray:
    """Reads linear power, [H, W]."""
    with raster.Image(path) as image:
        found = pixels.kind_of(image, kind)
        return pixels.intensity_of(image.rows(0, image.shape[0]), found)


def _compare(args: argparse.Namespace) -> None:
    from pgd2jax.report import figures  # Matplotlib takes half a second to start.

    raster.check_folder(args.output)
    if args.output.suffix.lower() not in (".png", ".pdf"):
        raise ValueError(f"{args.output}: the name must end in .png or .pdf.")
    noisy = _intensity(args.noisy, args.pixels)
    clean = _intensity(args.despeckled)
    reference = _intensity(args.reference) if args.reference else None
    ratio = unreferenced.ratio(noisy, clean)
    figures.comparison(args.output, noisy, clean, reference)
    print(f"whole image: mean of the ratio image {np.nanmean(ratio):.3f}")
    if reference is not None:
        for name, measure in referenced.ALL.items():
            print(f"{name}: {measure(clean, reference):.3f} dB")
    try:
        window = unreferenced.flattest_window(noisy)
    except ValueError as error:  # Too small, or full of gaps.
        print(error)
    else:
        row, col = (f"{side.start} to {side.stop - 1}" for side in window)
        print(f"flattest window of the noisy image, rows {row}, cols {col}:")
        print(f"  ENL {unreferenced.enl(noisy[window]):.2f} noisy, ", end="")
        print(f"{unreferenced.enl(clean[window]):.1f} despeckled; ", end="")
        print(f"mean of the ratio image {np.nanmean(ratio[window]):.3f}, best 1")
    print(args.output)


def _evaluate(args: argparse.Namespace) -> None:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pgd2jax", description="Removes speckle from SAR images."
    )
    parser.add_argument("--version", action="version", version=pgd2jax.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    path = pathlib.Path

    sub = commands.add_parser("despeckle", help="despeckle images, file to file")
    sub.add_argument(
        "inputs",
        type=path,
        nargs="+",
        metavar="input",
        help=f"{', '.join(raster.READ)}, or a folder of them",
    )
    sub.add_argument(
        "--output",
        type=path,
        required=True,
        help=f"{', '.join(raster.FORMATS)}; of several inputs a folder",
    )
    sub.add_argument(
        "--overwrite", action="store_true", help="replace results that are there"
    )
    _add_weights(sub)
    _add_pixels(sub)
    sub.add_argument(
        "--looks",
        type=float,
        help="equivalent number of looks of an intensity or amplitude [estimated]",
    )
    sub.add_argument(
        "--unit",
        choices=scene.UNITS,
        default="intensity",
        help="of the result [%(default)s]",
    )
    sub.add_argument(
        "--quicklook", action="store_true", help="a small .png beside each result, too"
    )
    sub.add_argument("--tile", type=int, help="pixels at once [512, on a GPU 1536]")
    sub.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="[%(default)s]"
    )
    sub.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="[bfloat16 on GPU and TPU, float32 on a CPU]",
    )
    sub.set_defaults(run=_despeckle)

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
    sub.add_argument("--looks-map", type=path, help="its equivalent number of looks")
    sub.add_argument(
        "--looks", type=float, default=1.0, help="of each date [%(default)s]"
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
    sub.add_argument("--tile", type=int, help="pixels at once [256, on a GPU 1024]")
    _add_pixels(sub)
    sub.set_defaults(run=_reference)

    sub = commands.add_parser("evaluate", help="compare with classical filters")
    _add_weights(sub)
    sub.add_argument(
        "--data", default="simulated", help="of sar_despeckle [%(default)s]"
    )
    sub.add_argument("--data_dir", default="data", help="of TFDS [%(default)s]")
    sub.add_argument("--split", default="test", help="[%(default)s]")
    sub.add_argument("--looks", type=float, default=1, help="tiles of so many looks")
    sub.add_argument("--output", type=path, help="CSV, one row a tile and method")
    sub.set_defaults(run=_evaluate)

    sub = commands.add_parser("simulate", help="make an SLC and its reference")
    sub.add_argument("--output", type=path, required=True, help="the SLC")
    sub.add_argument("--reference", type=path, required=True, help="its expectation")
    sub.add_argument("--size", type=int, default=512, help="pixels [%(default)s]")
    sub.add_argument("--seed", type=int, default=0, help="[%(default)s]")
    sub.add_argument("--white", action="store_true", help="uncorrelated samples")
    sub.set_defaults(run=_simulate)

    sub = commands.add_parser("compare", help="draw and measure before and after")
    sub.add_argument("noisy", type=path)
    sub.add_argument("despeckled", type=path)
    sub.add_argument("--reference", type=path)
    _add_pixels(sub)
    sub.add_argument("--output", type=path, required=True, help=".png or .pdf")
    sub.set_defaults(run=_compare)
    return parser


def _add_pixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pixels",
        choices=pixels.KINDS,
        default="auto",
        help="what noisy pixels are; auto takes complex for slc, integers for "
        "amplitude, other real ones for intensity",
    )


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights",
        default=checkpoints.DEFAULT,
        metavar="PATH",
        help="workdir of a training, a folder of weights, or a set that comes with "
        f"pgd2jax: {', '.join(checkpoints.published())} [%(default)s]",
    )


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


if __name__ == "__main__":
    sys.exit(main())
