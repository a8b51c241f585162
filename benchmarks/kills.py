"""Kills a training at random instants and compares it with one that was left alone.

python benchmarks/kills.py --kills 20

Every run goes on where the one before was killed, with SIGKILL: while it starts,
between two steps, or in the middle of a checkpoint. Once, the newest checkpoint is
damaged. In the end both runs must hold the same state, bit for bit.
"""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import orbax.checkpoint as ocp
from flax import traverse_util

REPOSITORY = pathlib.Path(__file__).parent.parent


def command(workdir: pathlib.Path, steps: int) -> list[str]:
    """Returns the training, small and with many checkpoints."""
    options = {
        "train.num_steps": steps,
        "train.checkpoint_every": 5,
        "evaluation.tiles": 0,
    }
    overrides = [f"--config.{name}={value}" for name, value in options.items()]
    main = [sys.executable, "-m", "pgd2jax.main", "--config", "configs/smoke.py"]
    return [*main, "--workdir", str(workdir), *overrides]


def start(workdir: pathlib.Path, steps: int, log) -> subprocess.Popen:
    """Starts the training."""
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
        command(workdir, steps),
        cwd=REPOSITORY,
        env=environment,
        stderr=log,
        stdout=log,
    )


def wait_for(process: subprocess.Popen, happened: Callable[[], bool]) -> None:
    """Returns when something has happened, or the process is done."""
    while process.poll() is None and not happened():
        time.sleep(0.002)


def state(workdir: pathlib.Path, step: int) -> dict[str, np.ndarray]:
    """Returns all arrays of a checkpoint by name."""
    with ocp.PyTreeCheckpointer() as checkpointer:
        tree = checkpointer.restore(workdir / "checkpoints" / str(step) / "state")
    return traverse_util.flatten_dict(tree, sep="/")


def damage(workdir: pathlib.Path) -> str:
    """Changes one bit of the arrays of the newest checkpoint; returns its name."""
    folders = (workdir / "checkpoints").iterdir()
    newest = max((f for f in folders if f.name.isdigit()), key=lambda f: int(f.name))
    arrays = (newest / "state" / "d").iterdir()
    largest = max(arrays, key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    return newest.name


def kill_one(workdir: pathlib.Path, steps: int, when: str, chance: random.Random):
    """Starts the training and kills it; returns whether it was still running."""
    with tempfile.TemporaryFile("w+") as log:
        process = start(workdir, steps, log)
        before = set((workdir / "checkpoints").glob("*"))

        def stepping():
            log.seek(0)
            return "loss=" in log.read()

        def saving():
            found = (workdir / "checkpoints").glob("*tmp*")
            return any(path not in before for path in found)

        if when == "starting":
            time.sleep(chance.uniform(0, 15))
        else:
            wait_for(process, stepping)
            time.sleep(chance.uniform(0, 2))
            if when == "saving":
                wait_for(process, saving)
                time.sleep(chance.uniform(0, 0.1))
        running = process.poll() is None
        process.kill()
        process.wait()
        log.seek(0)
        told = [line for line in log.read().splitlines() if "It is kept in" in line]
        for line in told:
            print("  said:", line.rpartition("] ")[2])
    return running


def main() -> None:
    """Prints a line for each kill, and whether the ends are the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    folder = pathlib.Path(tempfile.mkdtemp())
    unbroken, broken = folder / "unbroken", folder / "broken"
    with open(folder / "log.txt", "w") as log:
        start(unbroken, args.steps, log).wait()
    killed = 0
    while killed < args.kills:
        when = ("stepping", "saving", "starting", "saving")[killed % 4]
        if not kill_one(broken, args.steps, when, chance):
            sys.exit("the training ended before its last kill: give more --steps")
        killed += 1
        left = (broken / "checkpoints").glob("*")
        names = sorted(path.name for path in left)
        print(f"kill {killed}, {when}: checkpoints {', '.join(names)}", flush=True)
        if killed == args.kills // 2:
            print(f"damaged checkpoint {damage(broken)}", flush=True)
    with open(folder / "log.txt", "a") as log:
        start(broken, args.steps, log).wait()
    ours, theirs = (state(workdir, args.steps) for workdir in (unbroken, broken))
    different = [
        n for n, value in ours.items() if value.tobytes() != theirs[n].tobytes()
    ]
    print(f"{len(ours)} arrays compared, {len(different)} differ: {different}")
    shutil.rmtree(folder)
    sys.exit(bool(different or ours.keys() != theirs.keys()))


if __name__ == "__main__":
    main()
