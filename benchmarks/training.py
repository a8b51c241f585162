"""Times what training does around its steps on the device at hand.

python benchmarks/training.py small
python benchmarks/training.py base --steps 200

Prints the time to compile the step; the step over all devices by `pmap` beside the same
under plain `jit` on one, in turns, where there is one; the rate of the step beside that
of the network alone, a step counting as three of them; steps of the loop, with all that
it does, beside those of the device alone; and what checkpoints cost. Times are medians;
FLOP are XLA's count for a CPU before it optimises.
"""

import argparse
import collections
import csv
import importlib
import pathlib
import statistics
import sys
import tempfile
import time

import jax
import jax.numpy as jnp

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from benchmarks import speed
from pgd2jax import checkpoints, configuration
from pgd2jax.train import beginning, loop, program, state, steps

WINDOWS = 10  # Of steps that are timed together.


def under_jit(config, model, tx, batch):
    """Returns a function without arguments: the step under plain jit, one device."""
    objective = program.objective(model, config.loss.to_dict())
    update = steps.update(
        objective, tx, config.train.average_decay, config.train.accumulate
    )
    # An axis of one example gives `pmean` something to be the mean over.
    alone = jax.vmap(update, in_axes=(None, 0), out_axes=None, axis_name=steps.AXIS)
    return stepping(jax.jit(alone, donate_argnums=0), start(config, model, tx), batch)


def start(config, model, tx) -> state.State:
    """Returns the state before the first step."""
    return steps.replicate(state.create(model, tx, config.seed, model.stride))


def stepping(step, now: state.State, batch):
    """Returns a function without arguments that takes one more step."""

    def again():
        nonlocal now
        now, scalars = step(now, batch)
        return scalars

    return again


def queued(draw_and_step, count: int) -> float:
    """Returns the time of a step, s, as `of_the_loop`, of those that are queued."""
    jax.block_until_ready(draw_and_step())
    took = []
    for _ in range(WINDOWS):
        start = time.perf_counter()
        for _ in range(count // WINDOWS):
            last = draw_and_step()
            if jax.default_backend() == "cpu":  # As the loop does.
                jax.block_until_ready(last)
        jax.block_until_ready(last)
        took.append((time.perf_counter() - start) / (count // WINDOWS))
    return statistics.median(took)


def of_the_loop(config, count: int) -> dict[str, float]:
    """Returns the median times of a step in the loop, ms, without the first window."""
    config.train.num_steps, config.train.log_every = count, count // WINDOWS
    config.train.checkpoint_every = count
    config.train.eval_tiles = 1
    times = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as workdir:
        loop.run(config, pathlib.Path(workdir))
        with open(pathlib.Path(workdir) / "scalars.csv", newline="") as file:
            for row in csv.DictReader(file):
                times[row["name"]].append(float(row["value"]))
    parts = ("step", "data", "logging")
    return {name: statistics.median(times[f"time/{name}"][1:]) for name in parts}


def saving(now: state.State, repetitions: int) -> tuple[float, float]:
    """Returns how long a save holds up the steps and how long it takes in all, s."""
    held, took = [], []
    with tempfile.TemporaryDirectory() as workdir:
        for number in range(1, repetitions + 1):
            start = time.perf_counter()
            store = checkpoints.Checkpoints(workdir)
            opened = time.perf_counter()
            store.save(number, now, now.average, {}, {"rmse": 1.0})
            held.append(time.perf_counter() - opened)
            store.close()
            took.append(time.perf_counter() - start)
    return statistics.median(held), statistics.median(took)


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="of configs/, such as small")
    parser.add_argument("--source", default="endless")
    parser.add_argument("--data_dir", default="data")
    parser.add_argument(
        "--steps", type=int, default=120, help="of the loop, 20 or more"
    )
    parser.add_argument("--repetitions", type=int, default=15)
    args = parser.parse_args()
    config = importlib.import_module(f"configs.{args.config}").get_config()
    config.data.source, config.data.data_dir = args.source, args.data_dir
    every = config.train.checkpoint_every
    model = configuration.model(config.model, config.train.dtype, config.train.remat)
    tx = state.optimiser(config.train.num_steps, **config.optimiser)
    made = program.Program(config, model, beginning.batches(config), tx)
    devices = jax.device_count()
    print(f"{devices} x {jax.devices()[0].device_kind}, {model.dtype}")

    batches = made.batches(0)
    batch, now = made.draw(*next(batches)), start(config, model, tx)
    jax.block_until_ready((batch, now))
    began = time.perf_counter()
    step = stepping(made.step, now, batch)
    jax.block_until_ready(step())
    print(f"compiling the step, and its first: {time.perf_counter() - began:.1f} s")

    runs = {"pmap": step}
    if devices == 1:
        runs["jit"] = under_jit(config, model, tx, batch)
    times = speed.in_turns(runs, args.repetitions)
    for name, took in times.items():
        print(f"step under {name}: {1e3 * took:.1f} ms")
    if devices == 1:
        print(f"  pmap over jit: {times['pmap'] / times['jit']:.3f}")

    image = jnp.ones((config.data.batch_size // devices, *[config.data.crop] * 2, 1))
    forwards = speed.seconds(speed.inference(model, image), args.repetitions)
    rates = made.flop / times["pmap"], made.flop / 3 / forwards
    print(
        f"step as three forwards: {rates[0] / 1e12:.3f} TFLOP/s; "
        f"inference: {rates[1] / 1e12:.3f} TFLOP/s; {rates[0] / rates[1]:.0%}"
    )

    now = start(config, model, tx)

    def fresh():
        nonlocal now
        now, scalars = made.step(now, made.draw(*next(batches)))
        return scalars

    before = queued(fresh, args.steps)
    looped = of_the_loop(config, args.steps)
    alone = (before + queued(fresh, args.steps)) / 2
    print(f"drawing and stepping alone: {1e3 * alone:.1f} ms")
    print(
        f"step of the loop: {looped['step']:.1f} ms, of which data "
        f"{looped['data']:.2f} ms, logging {looped['logging']:.2f} ms"
    )
    print(f"  loop over alone: {looped['step'] / (1e3 * alone):.3f}")
    held, took = saving(now, args.repetitions)
    run = every * looped["step"] / 1e3
    print(
        f"a checkpoint holds up the steps for {1e3 * held:.0f} ms and takes "
        f"{1e3 * took:.0f} ms; every {every} steps that is {held / run:.3%} and "
        f"{took / run:.3%} of the run"
    )


if __name__ == "__main__":
    main()
