"""Measures the adaptive multilook: how right it is, and how fast.

python benchmarks/multilook.py accuracy
python benchmarks/multilook.py speed --dates 20 --size 1024

`speed` compares with the GLRT of the package dolphin where it is installed, else with
the same test in plain NumPy, both followed by averaging over what was selected.
"""

import argparse
import time

import numpy as np

from pgd2jax.sar import glrt, radiometry

SPACING = 32  # Pixels between steps, points and changes: more than a window.
CENTRES = slice(SPACING // 2, None, SPACING)


def white(rng, dates, size):
    """Returns one-look speckle of mean 1, [T, size, size] float32."""
    return rng.exponential(size=(dates, size, size)).astype(np.float32)


def white_stack(stack, level):
    """Returns a stack of one look that is known to be white."""
    rules = glrt.Rules(level=level)
    correlation = np.zeros(rules.window)
    correlation[rules.half] = 1.0
    return glrt.Stack(stack, rules=rules, correlation=correlation)


def decibel(power):
    """Returns dB of the mean."""
    return float(radiometry.decibel(np.mean(power)))


def accuracy(args):
    """Prints the errors of each kind of ground."""
    size, rng = args.size, np.random.default_rng(args.seed)
    print(f"level {args.level}, {size} x {size} pixels, one look, window 15 x 15")
    for dates in args.dates:
        speckle = white(rng, dates, size)

        stack = white_stack(speckle, args.level)
        reference, _ = stack.reference()
        pixels = np.mean(
            [
                stack.multilook(window).pixels[16:-16, 16:-16].mean()
                for window in stack.windows(256)
            ]
        )
        enl = reference.mean() ** 2 / reference.var()
        print(f"{dates} dates, flat: bias {decibel(reference):+.3f} dB, ", end="")
        print(f"ENL {enl / dates / pixels:.2f} x dates x pixels ({pixels:.0f})")

        ground = np.ones((size, size), np.float32)
        ground[:, (np.arange(size) // SPACING) % 2 == 1] = radiometry.from_decibel(6.0)
        found, _ = white_stack(speckle * ground, args.level).reference()
        error = found / ground
        dark = np.arange(SPACING - 1, size - 1, 2 * SPACING)
        print(f"  6 dB step: dark side {decibel(error[:, dark]):+.2f} dB, ", end="")
        print(f"bright side {decibel(error[:, dark + 1]):+.2f} dB")

        ground = np.ones((size, size), np.float32)
        ground[:, CENTRES] = radiometry.from_decibel(10.0)
        found, _ = white_stack(speckle * ground, args.level).reference()
        error = (found / ground)[:, CENTRES]
        print(f"  10 dB line, one pixel wide: {decibel(error):+.2f} dB")

        texture = rng.gamma(4.0, 0.25, (size // 8, size // 8)).repeat(8, 0).repeat(8, 1)
        ground = texture[:size, :size].astype(np.float32)
        found, _ = white_stack(
            speckle[:, : len(ground), : len(ground)] * ground, args.level
        ).reference()
        rmse = np.sqrt(np.mean(radiometry.decibel(found / ground) ** 2))
        sums = decibel(found) - decibel(ground)
        print(f"  texture, squares of 8 x 8: sum {sums:+.2f} dB, rmse {rmse:.2f} dB")

        # A point of 20 dB over the clutter, the same on all dates.
        clutter = rng.normal(size=(2, dates, size // SPACING, size // SPACING))
        samples = 10.0 + (clutter[0] + 1j * clutter[1]) * np.sqrt(0.5)
        scene = speckle.copy()
        scene[:, CENTRES, CENTRES] = radiometry.intensity(samples)
        found, _ = white_stack(scene, args.level).reference()
        kept = found[CENTRES, CENTRES] / 101.0
        print(f"  20 dB point: {decibel(kept):+.3f} dB over {kept.size} draws")

        # One date on which squares of 7 x 7 pixels are 10 dB brighter.
        scene = speckle.copy()
        inside = (np.arange(size) % SPACING - 12) // 7 == 0
        inside = inside[:, None] & inside
        scene[dates // 2, inside] *= 10.0
        changed, _ = white_stack(scene, args.level).reference()
        moved = changed[inside].mean() / reference[inside].mean()
        plain = scene.mean(axis=0)[inside].mean()
        print(f"  10 dB change, 7 x 7, one date: {decibel(moved):+.2f} dB ", end="")
        print(f"(temporal mean {decibel(plain):+.2f} dB)")


def plain_glrt(stack, half, level):
    """Selects by the test of `dolphin`, in NumPy, and averages; one stage."""
    from scipy import stats

    mean = stack.mean(axis=0)
    padded = np.pad(mean, half, constant_values=np.nan)
    total, number = np.zeros_like(mean), np.zeros_like(mean)
    limit = stats.chi2.isf(level, 1) / len(stack)
    size = mean.shape
    for row in range(2 * half + 1):
        for col in range(2 * half + 1):
            other = padded[row : row + size[0], col : col + size[1]]
            pooled = radiometry.log_intensity((mean + other) / 2)
            test = 2 * pooled - radiometry.log_intensity(mean * other)
            same = test < limit
            total += np.where(same, other, 0.0)
            number += same
    return total / number


def dolphin_glrt(stack, half, level):
    """Selects with dolphin and averages the temporal mean over the selected."""
    from dolphin.shp import _glrt

    amplitude = radiometry.amplitude(stack)
    selected = np.array(
        _glrt.estimate_neighbors(
            amplitude.mean(axis=0),
            amplitude.var(axis=0),
            (half, half),
            nslc=len(stack),
            alpha=level,
        )
    )
    selected[:, :, half, half] = True
    mean = stack.mean(axis=0)
    padded = np.pad(mean, half)
    total = np.zeros_like(mean)
    for row in range(2 * half + 1):
        for col in range(2 * half + 1):
            other = padded[row : row + len(mean), col : col + mean.shape[1]]
            total += np.where(selected[:, :, row, col], other, 0.0)
    return total / selected.sum(axis=(2, 3))


def seconds(function, repeats):
    """Returns the times of some runs after a first that compiles."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return times


def speed(args):
    """Prints seconds, side by side, and the peak memory of this process."""
    import resource

    (dates,) = args.dates[:1]
    stack = white(np.random.default_rng(args.seed), dates, args.size)
    rate = dates * args.size**2 / 1e6
    ours = glrt.Stack(stack, rules=glrt.Rules(level=args.level))
    times = {"pgd2jax": seconds(lambda: ours.reference(args.tile), args.repeats)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB, {stack.nbytes / 2**30:.2f} of it the stack")
    try:
        import dolphin.shp._glrt  # noqa: F401

        other = dolphin_glrt
    except ImportError as error:
        print(f"without dolphin ({error}):")
        other = plain_glrt
    times[other.__name__] = seconds(lambda: other(stack, 7, args.level), args.repeats)
    for name, taken in times.items():
        best = np.median(taken)
        print(
            f"{name}: {best:.2f} s (median of {len(taken)}, {min(taken):.2f} to ",
            end="",
        )
        print(f"{max(taken):.2f}), {rate / best:.1f} Mpixel-dates/s")
    first, second = (np.median(taken) for taken in times.values())
    print(f"pgd2jax is {second / first:.1f} times as fast")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("accuracy", "speed"))
    parser.add_argument("--dates", type=int, nargs="+", default=[20])
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--level", type=float, default=glrt.Rules.level)
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    {"accuracy": accuracy, "speed": speed}[chosen.what](chosen)
