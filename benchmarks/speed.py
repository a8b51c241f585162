"""Times training and inference of a configuration on the device at hand.

python benchmarks/speed.py configs/quick.py
python benchmarks/speed.py configs/base.py --size 256 --batch 32

Prints medians over the repetitions; FLOP are XLA's count for the compiled program.
"""

import argparse
import functools
import importlib.util
import pathlib
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import optax

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from pgd2jax import compilation, configuration, data
from pgd2jax.data import pairs
from pgd2jax.train import loop, state, steps


def seconds(function, repetitions: int) -> float:
    """Returns the median time of a call, after one to warm up."""
    jax.block_until_ready(function())
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def steps_of(config, model):
    """Returns functions that draw a batch and take a training step, without arguments.

    Args:
        config: As `configs/base.py` returns it; batches are drawn on the device.
        model: The network to train.
    """
    devices, batch_size = jax.local_device_count(), config.data.batch_size
    source = data.create(**{**config.data, "source": "endless"}, seed=0)
    augment = functools.partial(pairs.augment, **config.augment)
    draw = steps.draw_step(
        lambda example, key: augment(source.pair(example, key), key), jax.random.key(0)
    )
    numbers = steps.shard(jnp.arange(batch_size), devices)
    batch = draw(numbers, {})
    tx = state.optimiser(1000, **config.optimiser)
    now = state.create(model, tx, 0, max(model.stride, 16))
    train = steps.train_step(loop.objective(model, config.loss), tx, 0.99)

    def step():
        nonlocal now
        now, scalars = train(now, batch)
        return scalars

    return lambda: draw(numbers, {}), step


def main() -> None:
    """Prints a line each for drawing, training and inference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=512, help="of inference, pixels")
    parser.add_argument("--batch", type=int, default=1, help="of inference, images")
    parser.add_argument("--repetitions", type=int, default=10)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("config", args.config)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    compilation.cache()

    model = configuration.model(config.model, config.train.dtype)
    devices = jax.local_device_count()
    print(f"{args.config}: {devices} x {jax.devices()[0].device_kind}, {model.dtype}")

    draw, step = steps_of(config, model)
    pixels = config.data.batch_size * config.data.crop**2
    for name, function in {"drawing a batch": draw, "training step": step}.items():
        took = seconds(function, args.repetitions)
        print(f"{name}: {1e3 * took:.1f} ms, {pixels / took / 1e6:.2f} Mpixel/s")

    params = state.create(model, optax.identity(), 0, model.stride).params
    image = jnp.ones((args.batch, args.size, args.size, 1))
    apply = jax.jit(lambda params, *x: model.apply({"params": params}, *x).intensity)
    cost = apply.lower(params, image, image).compile().cost_analysis()
    took = seconds(lambda: apply(params, image, image), args.repetitions)
    print(
        f"inference, {args.batch} x {args.size} x {args.size}: "
        f"{image.size / took / 1e6:.2f} Mpixel/s, "
        f"{cost['flops'] / image.size / 1e3:.1f} kFLOP/pixel, "
        f"{cost['flops'] / took / 1e12:.3f} TFLOP/s"
    )


if __name__ == "__main__":
    main()
