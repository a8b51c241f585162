"""Adapts the weights to a sensor that they have not seen, without any reference.

python benchmarks/finetuning.py

Simulated images of one odd sensor: a band narrower than any in training, off its
centre and drifting as TOPS does. Some are trained on, without their references, others
measured. Prints the error of the weights as they come and fine-tuned, with phase
(configs/finetune.py) and without (configs/merlin.py).
"""

import argparse
import pathlib
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import pgd2jax
from configs import finetune, merlin
from pgd2jax import checkpoints, compilation
from pgd2jax.metrics import referenced
from pgd2jax.sar import halves, radiometry, scenes, speckle
from pgd2jax.train import loop

SIZE = 640  # Pixels of an image to train on, square.
BAND = (0.33, 0.3)  # Training draws 0.4 to 1.
WEIGHTING = (0.75, 0.6)
CENTROID = (0.4, 0.2)
DRIFT = 1.8 / 256


def image(number: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns an SLC image of the odd sensor and its reference, [size, size]."""
    ground, noise = jax.random.split(jax.random.key(number))
    shape = (size + 2 * speckle.MARGIN,) * 2
    scene = scenes.draw(ground, shape)
    rows, cols = (
        speckle.response(shape[0], jnp.float32(band), jnp.float32(alpha))
        for band, alpha in zip(BAND, WEIGHTING, strict=True)
    )
    transfer = speckle.Transfer(rows, cols, jnp.array(CENTROID), jnp.float32(DRIFT))
    focused = speckle.focus(scene.points, transfer)
    images = speckle.observe(noise, scene.reflectivity, focused, transfer)
    power, phase, reference = (np.asarray(speckle.crop(x)) for x in images)
    return radiometry.slc(power, phase), reference


def errors(despeckle, test) -> dict[str, float]:
    """Returns the measures of a function of SLC images over the test images, dB."""
    return referenced.summary(
        {name: measure(despeckle(slc), clean) for name, measure in measures.items()}
        for measures in [referenced.ALL]
        for slc, clean in test
    )


def tuned(config, weights: str, files: str, steps: int, workdir: pathlib.Path):
    """Goes on from weights with a configuration on files; returns the despeckler."""
    config.init_from = weights
    config.data.files = files
    config.train.num_steps = steps
    config.train.checkpoint_every = max(steps // 4, 1)
    loop.run(config, workdir)
    return pgd2jax.load(workdir)


def main() -> None:
    """Prints a row for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=checkpoints.DEFAULT, help="[%(default)s]")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--images", type=int, default=4, help="to train on")
    parser.add_argument("--scenes", type=int, default=24, help="to measure on")
    args = parser.parse_args()
    compilation.cache()
    test = [image(1000 + number, 256) for number in range(args.scenes)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = []
        for number in range(args.images):
            files.append(str(folder / f"{number}.npy"))
            np.save(files[-1], image(number, SIZE)[0])
        names = ",".join(files)

        def report(way, despeckle):
            found = errors(despeckle, test)
            print(
                way, *(f"{n} {v:.3f}" for n, v in found.items()), sep=", ", flush=True
            )

        before = pgd2jax.load(args.weights)

        def without_phase(slc):
            return before(intensity=radiometry.intensity(slc), looks=1)

        def by_halves(slc):
            return sum(before(intensity=x, looks=1) for x in halves.of(slc)) / 2

        report("with phase, as they come", before)
        onwards = args.weights, names, args.steps
        after = tuned(finetune.get_config(), *onwards, folder / "slc")
        report("with phase, fine-tuned", after)
        report("without phase, as they come", without_phase)
        report("the same by halves, as they come", by_halves)
        after = tuned(merlin.get_config(), *onwards, folder / "merlin")
        report("without phase, fine-tuned by MERLIN", after)


if __name__ == "__main__":
    main()
