"""`pgd2jax simulate` and `compare`: a scene to try, and a picture of the result."""

import argparse
import contextlib
import pathlib
import warnings

import jax
import numpy as np

from pgd2jax import raster
from pgd2jax.cli import options
from pgd2jax.metrics import referenced, unreferenced, windows
from pgd2jax.metrics.undefined import MeasureWarning
from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels, radiometry, scenes

FAR = 3.0  # dB between sums, which despeckling does not explain.
SIDE = 1024  # Rows and columns, in the middle, of larger images that are compared.


def add(commands) -> None:
    """Adds both commands."""
    path = pathlib.Path
    sub = commands.add_parser("simulate", help="make an SLC and its reference")
    sub.add_argument("--output", type=path, required=True, help="the SLC")
    sub.add_argument("--reference", type=path, required=True, help="its expectation")
    sub.add_argument("--size", type=int, default=512, help="pixels [%(default)s]")
    sub.add_argument("--seed", type=int, default=0, help="[%(default)s]")
    sub.add_argument("--white", action="store_true", help="uncorrelated samples")
    options.add_overwrite(sub)
    sub.set_defaults(run=_simulate)

    sub = commands.add_parser("compare", help="draw and measure before and after")
    sub.add_argument("noisy", type=path, help="image before")
    sub.add_argument("despeckled", type=path, help="image after, linear intensity")
    sub.add_argument("--reference", type=path, help="the truth, linear intensity")
    options.add_layer(sub)
    options.add_pixels(sub)
    options.add_region(
        sub, f"rows and columns [all, of larger images {SIDE} each in the middle]"
    )
    sub.add_argument("--output", type=path, required=True, help=".png, .pdf or .svg")
    options.add_overwrite(sub)
    sub.set_defaults(run=_compare)


@jax.enable_x64(False)  # A seed is of one scene, whatever the environment.
def _simulate(args: argparse.Namespace) -> None:
    if args.output.resolve() == args.reference.resolve():
        raise ValueError(f"{args.output}: give scene and reference a name each.")
    for path in (args.output, args.reference):
        raster.check_new(raster.check_format(path), args.overwrite)
    if args.size < 1 or not 0 <= args.seed < 2**32:
        raise ValueError("--size must be 1 or more, and --seed from 0 on to 2**32 - 1.")
    key = jax.random.key(args.seed)

    @jax.jit
    def observe(key):
        drawn = scenes.observe(key, args.size, args.white)
        return drawn.intensity, drawn.phase, drawn.reference

    intensity, phase, reference = jax.device_get(observe(key))
    slc = radiometry.slc(intensity, phase)
    raster.write(args.output, raster.Raster(slc))
    raster.write(args.reference, raster.Raster(reference))
    print(f"{args.output}: single-look complex, complex64")
    print(f"{args.reference}: its reference, float32 linear power")


def _region(shape: tuple[int, int], asked: windows.Window | None) -> windows.Window:
    """Returns the rows and columns to compare, and tells them if they are not all."""
    middle = tuple(
        slice(max(length - SIDE, 0) // 2, (length + min(length, SIDE)) // 2)
        for length in shape
    )
    region = middle if asked is None else asked
    windows.check(region, shape)
    if region != tuple(slice(0, length) for length in shape):
        print(f"of {shape[0]} x {shape[1]} pixels --region {windows.text(region)}")
    return region


def _intensity(
    image: raster.Image, region: windows.Window, kind: str = "auto"
) -> np.ndarray:
    """Reads linear power, [H, W]."""
    rows, cols = region
    with raster.named(image.path):
        found = pixels.kind_of(image, kind)
        samples = image.rows(rows.start, rows.stop)[:, cols]
        power = pixels.intensity_of(samples, found)
        if not np.isfinite(power).any():
            raise ValueError("holds no data there; choose another --region.")
        return pixels.power_of(power)


def _compare(args: argparse.Namespace) -> None:
    from pgd2jax.report import figures  # Matplotlib takes half a second to start.

    inputs = filter(None, (args.noisy, args.despeckled, args.reference))
    if args.output.resolve() in [path.resolve() for path in inputs]:
        raise ValueError(f"{args.output}: is compared; give the picture another name.")
    raster.check_new(args.output, args.overwrite)
    figures.check(args.output)
    with contextlib.ExitStack() as files:
        first = files.enter_context(raster.Image(args.noisy, args.layer))
        others = [
            files.enter_context(raster.Image(path))
            for path in filter(None, (args.despeckled, args.reference))
        ]
        for other in others:
            if other.shape != first.shape:
                raise ValueError(
                    f"{other.path}: is {other.shape}, {args.noisy} {first.shape}; "
                    "compare images of the same ground, those of bursts without "
                    "--deburst."
                )
        region = _region(first.shape, args.region)
        noisy = _intensity(first, region, args.pixels)
        clean, *references = (_intensity(other, region) for other in others)
    reference = references[0] if references else None
    figures.comparison(args.output, noisy, clean, reference)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeasureWarning)  # "nan" says as much.
        _print_measures(noisy, clean, reference)
    print(args.output)


def _print_measures(noisy, clean, reference) -> None:
    mean = unreferenced.ratio_mean(noisy, clean)
    print(f"mean of the ratio image {mean:.3f}")
    total = referenced.sum_ratio_db(clean, noisy)
    if abs(total) > FAR:
        print(
            f"  its sum is {total:+.1f} dB over the noisy one's: are both intensities, "
            "without --calibrate and --subtract-noise?"
        )
    if reference is not None:
        for name, measure in referenced.ALL.items():
            print(f"{name}: {measure(clean, reference):.3f} dB")
    found = windows.homogeneous(noisy, sar_looks.estimate(noisy))
    size = f"{windows.WINDOW} x {windows.WINDOW} pixels"
    if not found:
        print(f"no {size} of the noisy image are homogeneous")
        return
    print(f"homogeneous windows of the noisy image, {size}: {len(found)}; medians:")
    before, after = (
        unreferenced.over_windows(unreferenced.enl, found, image)
        for image in (noisy, clean)
    )
    mean = unreferenced.over_windows(unreferenced.ratio_mean, found, noisy, clean)
    print(f"  ENL {before:.2f} noisy, {after:.1f} despeckled; ", end="")
    print(f"mean of the ratio image {mean:.3f}, best 1")
