"""Times training and inference of configurations on the device at hand.

python benchmarks/speed.py small
python benchmarks/speed.py base --size 256 --batch 32 --peers

Of networks that are named together inference is timed in turns, so that they meet the
same machine. Times are medians; FLOP are XLA's count for a CPU before it optimises; the
peak is that of a large matrix product in the same run.
"""

import argparse
import functools
import importlib
import pathlib
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from benchmarks.peers import PEERS
from pgd2jax import compilation, configuration, data
from pgd2jax.data import pairs
from pgd2jax.sar import whitening
from pgd2jax.train import program, state, steps, timing


def in_turns(functions: dict, repetitions: int) -> dict[str, float]:
    """Returns the median time of a call of each, s, after one to warm up."""
    times = {name: [] for name in functions}
    for number in range(repetitions + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            jax.block_until_ready(function())
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def seconds(function, repetitions: int) -> float:
    """Returns the median time of a call, s, after one to warm up."""
    return in_turns({"": function}, repetitions)[""]


def steps_of(config, model):
    """Returns functions that draw a batch and take a training step, without arguments.

    Args:
        config: As `configs/base.py` returns it; batches are drawn on the device.
        model: The network to train.
    """
    devices, batch_size = jax.local_device_count(), config.data.batch_size
    source = data.create(**{**config.data, "source": "endless"}, seed=0).source
    augment = functools.partial(pairs.augment, **config.augment)
    draw = steps.draw_step(
        lambda example, key: augment(source.pair(example, key), key),
        jax.random.key(0),
        crops_per_tile=1,
    )
    numbers = steps.shard(jnp.arange(batch_size), devices)
    batch = draw(numbers, {})
    tx = state.optimiser(config.train.num_steps, **config.optimiser)
    now = steps.replicate(state.create(model, tx, 0, max(model.stride, 16)))
    train = steps.train_step(
        program.objective(model, config.loss), tx, config.train.average_decay
    )

    def step():
        nonlocal now
        now, scalars = train(now, batch)
        return scalars

    return lambda: draw(numbers, {}), step


def inference(model, image, moves: bool = False):
    """Returns a function without arguments that despeckles samples, as inference.

    Args:
        model: The network.
        image: Powers, [B, H, W, 1], taken as samples, too.
        moves: Whether a network that whitens has a Doppler centroid to follow.
    """
    params = state.create(model, optax.identity(), 0, max(model.stride, 16)).params
    apply = jax.jit(lambda params, *x: model.apply({"params": params}, *x).intensity)
    known = whitening.nothing()._replace(moves=np.array([moves, False]))
    known = jax.tree.map(lambda x: jnp.stack([x] * len(image)), known)
    samples = image.astype(jnp.complex64)
    return lambda: apply(params, image, None, None, None, samples, known)


def matrix_peak(dtype: str, repetitions: int) -> float:
    """Returns the FLOP/s of a product of two large square matrices."""
    size = 2048 if jax.default_backend() == "cpu" else 8192
    # Of random values: a GPU takes less power for equal ones, and is faster.
    one, other = jax.random.normal(jax.random.key(0), (2, size, size), dtype)
    product = jax.jit(jnp.matmul)
    return 2 * size**3 / seconds(lambda: product(one, other), repetitions)


def main() -> None:
    """Prints training of each configuration, and inference of all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", nargs="+", help="of configs/, such as small")
    parser.add_argument("--size", type=int, default=512, help="of inference, pixels")
    parser.add_argument("--batch", type=int, default=1, help="of inference, images")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--peers", action="store_true", help="time them, too")
    parser.add_argument("--no-training", action="store_true", help="inference alone")
    args = parser.parse_args()
    compilation.cache()
    configs = {
        name: importlib.import_module(f"configs.{name}").get_config()
        for name in args.configs
    }
    models = {
        name: configuration.model(config.model, config.train.dtype)
        for name, config in configs.items()
    }
    dtype = models[args.configs[0]].dtype
    print(f"{jax.local_device_count()} x {jax.devices()[0].device_kind}, {dtype}")
    peak = matrix_peak(dtype, args.repetitions)
    print(f"matrix product: {peak / 1e12:.3f} TFLOP/s")

    for name, config in configs.items() if not args.no_training else ():
        draw, step = steps_of(config, models[name])
        pixels = config.data.batch_size * config.data.crop**2
        for what, function in {"drawing a batch": draw, "training step": step}.items():
            took = seconds(function, args.repetitions)
            print(
                f"{name}, {what}: {1e3 * took:.1f} ms, "
                f"{pixels / took / 1e6:.2f} Mpixel/s"
            )

    if args.peers:
        models |= {name: peer(dtype) for name, peer in PEERS.items()}
    shape = (args.batch, args.size, args.size, 1)
    image = jax.random.exponential(jax.random.key(0), shape)
    runs = {name: inference(model, image) for name, model in models.items()}
    for name in configs:
        if models[name].whitens:
            moving = f"{name}, centroid moves"
            models[moving] = models[name]
            runs[moving] = inference(models[name], image, moves=True)
    print(f"inference, {args.batch} x {args.size} x {args.size}:")
    for name, took in in_turns(runs, args.repetitions).items():
        work = timing.forward_flop(models[name], image.shape)
        print(
            f"  {name}: {image.size / took / 1e6:.2f} Mpixel/s, "
            f"{work / image.size / 1e3:.1f} kFLOP/pixel, "
            f"{work / took / 1e12:.3f} TFLOP/s, {work / took / peak:.0%} of the peak"
        )


if __name__ == "__main__":
    main()
