"""Measures what a despeckler keeps and what it removes, on ground that is known.

python benchmarks/quality.py                      # the weights that load() takes
python benchmarks/quality.py --weights runs/base --only scenes points

flat: four levels side by side, 1 to 12 looks; the mean of the output against the truth.
speckle: one level, three bands; the equivalent number of looks (ENL) of the output,
    and how many of its pixels look like points.
points: scatterers over clutter; error of the peak, and of the ground around it.
scenes: fresh simulated scenes, with seeds of their own.
looks: the same with more looks than any were trained on, and with looks wrongly told.
photographs: ground from --photographs FILES, their brightness taken for decibels.
"""

import argparse
import functools
import math
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import pgd2jax
from pgd2jax import checkpoints, compilation
from pgd2jax.metrics import referenced, unreferenced
from pgd2jax.sar import radiometry, scenes, speckle

SEED = 1 << 24  # Far from those of training, validation and data set.
LEVELS = (-15.0, -5.0, 5.0, 15.0)  # dB, one a quadrant.
QUADRANT = 96  # Pixels,
INNER = slice(16, -16)  # of which those at its borders are left out.
SPACING = 64  # Pixels from point to point.


def transfer(size: int, bandwidth: float, alpha: float) -> speckle.Transfer:
    """Returns the same band for rows and columns."""
    band = speckle.response(size, bandwidth, alpha)
    return speckle.Transfer(band, band, jnp.zeros(2), jnp.float32(0))


def independent(band: np.ndarray) -> float:
    """Returns independent looks a pixel, 1 over the sum of |rho|^2 in the plane."""
    power = radiometry.power(np.asarray(band, np.float64))
    spectrum = power.mean() ** 2 / (power**2).mean()
    return float(spectrum**2)


@functools.partial(jax.jit, static_argnames=("bandwidth", "alpha"))
def draw(key, ground, focused, looks, bandwidth=1.0, alpha=1.0):
    """Returns intensity, phase and reference of a square scene."""
    sensor = transfer(ground.shape[0], bandwidth, alpha)
    return speckle.observe(key, ground, focused, sensor, looks)


def run(despeckler, intensity, phase, looks):
    """Despeckles with the phase where there is one look."""
    if phase is None or looks > 1:
        return despeckler(intensity=np.asarray(intensity), looks=looks)
    return despeckler(radiometry.slc(np.asarray(intensity), np.asarray(phase)))


def flat(despeckler, draws: int) -> None:
    """Prints the mean of the output over the true mean, dB, by looks and level."""
    levels = np.array(LEVELS).reshape(2, 2)
    ground = radiometry.from_decibel(np.kron(levels, np.ones((QUADRANT, QUADRANT))))
    ground = jnp.asarray(ground, jnp.float32)
    print(f"flat, {draws} draws: mean of the output less the truth, dB, by level, dB")
    titles = "".join(f"{level:>+8.0f}" for level in LEVELS)
    print(f"  looks  band {titles}   standard error")
    for looks in (1, 1.5, 2, 4, 8, 12):
        for bandwidth in (1.0, 0.6):
            means = []
            for index in range(draws):
                key = jax.random.key(SEED + index)
                power, phase, reference = draw(
                    key, ground, jnp.zeros_like(ground, complex), looks, bandwidth
                )
                ratio = np.asarray(run(despeckler, power, phase, looks) / reference)
                ratio = ratio.reshape(2, QUADRANT, 2, QUADRANT)[:, INNER, :, INNER]
                means.append(ratio.mean(axis=(1, 3)).ravel())
            found = radiometry.decibel(np.mean(means, axis=0))
            error = np.std(means) / math.sqrt(draws) * radiometry.NEPER_TO_DECIBEL
            cells = "".join(f"{e:>+8.2f}" for e in found)
            print(f"  {looks:>5} {bandwidth:>5} {cells} {error:>10.2f}")


def pure_speckle(despeckler, draws: int) -> None:
    """Prints the ENL of the output on flat ground, and how much looks like points."""
    size = 256
    ground = jnp.ones((size, size))
    print(f"speckle over flat ground, one look, {draws} draws: ENL of the output, and")
    print("pixels of a million that are over 3 dB too bright")
    for bandwidth, alpha in ((1.0, 1.0), (0.7, 0.75), (0.4, 0.54)):
        looks = independent(speckle.response(size, bandwidth, alpha))
        found, bright = [], []
        for index in range(draws):
            key = jax.random.key(SEED + index)
            power, phase, _ = draw(
                key, ground, jnp.zeros_like(ground, complex), 1, bandwidth, alpha
            )
            clean = [run(despeckler, power, p, 1) for p in (phase, None)]
            found.append([unreferenced.enl(image) for image in clean])
            bright.append(np.mean(clean[0] > radiometry.from_decibel(3)))
        with_phase, without = np.median(found, axis=0)
        print(
            f"  {looks:.2f} independent looks a pixel: {with_phase:.0f}, "
            f"without phase {without:.0f}; {np.mean(bright) * 1e6:.0f} too bright"
        )


def points(despeckler, draws: int) -> None:
    """Prints errors at point scatterers over clutter of mean 1."""
    count = 4
    size = count * SPACING
    middle = SPACING // 2 + SPACING * np.arange(count)
    middles = np.stack(np.meshgrid(middle, middle, indexing="ij")).reshape(2, -1)
    distance = np.hypot(*np.meshgrid(*[np.arange(-8, 9)] * 2))
    ring = (distance > 3) & (distance <= 8)
    ground = jnp.ones((size, size))
    print(f"points, {draws * count**2} draws: error of the peak, dB; mean of the")
    print("ground 4 to 8 pixels around it less the truth, dB")
    print("  over clutter, dB   band    mean     rms    ring")
    for bandwidth, alpha in ((1.0, 1.0), (0.7, 0.75)):
        sensor = transfer(size, bandwidth, alpha)
        for over in (10, 15, 20, 25, 30, 35):
            peaks, around = [], []
            for index in range(draws):
                # Anywhere between pixels and in the windows of the attention.
                rng = np.random.default_rng((SEED, index))
                place = middles + rng.uniform(-16, 16, middles.shape)
                angle = rng.uniform(-np.pi, np.pi, len(place[0]))
                amplitude = radiometry.amplitude_from_decibel(over)
                scatterers = speckle.Points(
                    *jnp.float32(place), jnp.complex64(amplitude * np.exp(1j * angle))
                )
                power, phase, reference = draw(
                    jax.random.key(SEED + index),
                    ground,
                    speckle.focus(scatterers, sensor),
                    1,
                    bandwidth,
                    alpha,
                )
                ratio = run(despeckler, power, phase, 1) / np.asarray(reference)
                for row, col in np.round(place).astype(int).T:
                    window = ratio[row - 8 : row + 9, col - 8 : col + 9]
                    peaks.append(radiometry.decibel(window[8, 8]))
                    around.append(window[ring].mean())
            peaks = np.array(peaks)
            print(
                f"  {over:>16} {bandwidth:>6} {peaks.mean():>+7.2f} "
                f"{math.sqrt(np.mean(peaks**2)):>7.2f} "
                f"{radiometry.decibel(np.mean(around)):>+7.2f}"
            )


@functools.cache
def scene(index: int, white: bool, looks: float) -> speckle.Observation:
    """Returns a fresh scene of 256 x 256 pixels."""
    observe = jax.jit(scenes.observe, static_argnames="size")
    return jax.device_get(observe(jax.random.key(SEED + index), 256, white, looks))


def photographed(path: pathlib.Path) -> Iterator[np.ndarray]:
    """Yields the brightness of 256 x 256 pixels each, -20 to 5 dB, as linear power.

    Args:
        path: .npy or .npz, whose first array is taken, [H, W] or [H, W, bands].
    """
    image = np.load(path)
    if path.suffix == ".npz":
        image = image[image.files[0]]
    image = image.reshape(*image.shape[:2], -1).mean(axis=2)
    for row in range(0, image.shape[0] - 255, 256):
        for col in range(0, image.shape[1] - 255, 256):
            tile = image[row : row + 256, col : col + 256]
            low, high = np.percentile(tile, (0.5, 99.5))
            part = np.clip((tile - low) / (high - low), 0, 1)
            yield radiometry.from_decibel(np.float32(25 * part - 20))


@jax.jit
def speckled(index, ground, white, looks) -> speckle.Observation:
    """Returns ground that is given, [H, W], under speckle, and its reference."""
    ground = jnp.pad(ground, speckle.MARGIN, mode="reflect")
    sensor, noise = jax.random.split(jax.random.key(SEED + index))
    transfer = speckle.draw_transfer(sensor, ground.shape, white)
    nothing = jnp.zeros_like(ground, complex)
    images = speckle.observe(noise, ground, nothing, transfer, looks)
    return speckle.observed(images, transfer, looks)


def errors(
    despeckler, pairs, *, looks: float = 1, with_phase: bool = True
) -> dict[str, float]:
    """Returns the measures over Observations of equal looks, dB."""
    rows = []
    for pair in pairs:
        phase = pair.phase if with_phase else None
        clean = run(despeckler, pair.intensity, phase, looks)
        reference = np.asarray(pair.reference)
        rows.append({n: f(clean, reference) for n, f in referenced.ALL.items()})
    return referenced.summary(rows)


def print_errors(despeckler, observe: Callable) -> None:
    """Prints errors by kind of speckle and looks; `observe(white, looks)` has pairs."""
    print("  speckle     looks  phase  rmse    bias    sum   PSNR of the amplitude")
    for white, looks, with_phase in (
        (False, 1, True),
        (False, 1, False),
        (True, 1, True),
        (False, 4, False),
        (True, 4, False),
    ):
        found = errors(
            despeckler, observe(white, looks), looks=looks, with_phase=with_phase
        )
        print(
            f"  {'white' if white else 'correlated':<11}{looks:>5}  "
            f"{'yes' if with_phase else 'no':<5}{found['rmse']:>6.3f}  "
            f"{found['bias']:>+.3f} {found['sum_ratio']:>+.3f}   "
            f"{found['psnr_amplitude']:.2f}"
        )


def fresh_scenes(despeckler, draws: int) -> None:
    """Prints the errors over fresh scenes."""
    print(f"{draws} fresh scenes of 256 x 256: dB")
    print_errors(
        despeckler, lambda *kind: (scene(index, *kind) for index in range(draws))
    )


def many_looks(despeckler, draws: int) -> None:
    """Prints what looks beyond those of the training bring, and looks wrongly told."""
    print(f"{draws} fresh scenes of 256 x 256, white: rmse, dB")
    print("  looks   told   noisy   despeckled")
    wrong = [(4.4, told) for told in (1, 2, 3, 4.4, 6, 8, 12)]
    for looks, told in [*wrong, (29.7, 29.7), (81.8, 81.8), (398.4, 398.4)]:
        pairs = [scene(index, True, looks) for index in range(draws)]
        before, after = (
            errors(method, pairs, looks=told, with_phase=False)["rmse"]
            for method in (lambda intensity, looks: intensity, despeckler)
        )
        print(f"  {looks:>5}  {told:>5}  {before:>6.3f}  {after:>6.3f}")


def photographs(despeckler, paths: Sequence[pathlib.Path]) -> None:
    """Prints the errors over ground from photographs."""
    grounds = [ground for path in paths for ground in photographed(path)]
    print(f"{len(grounds)} photographs of 256 x 256, mapped over 25 dB: dB")
    print_errors(
        despeckler,
        lambda *kind: (speckled(*pair, *kind) for pair in enumerate(grounds)),
    )


PARTS = {
    "flat": flat,
    "speckle": pure_speckle,
    "points": points,
    "scenes": fresh_scenes,
    "looks": many_looks,
}


def main() -> None:
    """Runs the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=checkpoints.DEFAULT)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--draws", type=int, default=8, help="[%(default)s]")
    parser.add_argument(
        "--photographs", nargs="+", type=pathlib.Path, help=".npy or .npz", default=[]
    )
    args = parser.parse_args()
    compilation.cache()
    despeckler = pgd2jax.load(args.weights)
    for name in args.only:
        PARTS[name](despeckler, args.draws)
    if args.photographs:
        photographs(despeckler, args.photographs)


if __name__ == "__main__":
    main()
