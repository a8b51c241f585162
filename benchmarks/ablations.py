"""Trains what configs/ablations.py lists, and peers, and writes a table of them.

python benchmarks/ablations.py --base small --steps 2000
python benchmarks/ablations.py --base base --steps 4000 --seeds 0 1 2

Networks of ours take equal steps; each peer takes as many as fit in the time that
`whole` needs for its own. All see the same batches, optimiser and loss, but that there
is none on the speckle of peers, which do not estimate it. What is finished is not
trained again, what was broken off goes on, and the table of all that is finished is
written anew after each.
"""

import argparse
import json
import math
import pathlib
import statistics
import sys

import jax
from absl import logging

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from benchmarks import quality, speed
from benchmarks.peers import PEERS
from configs import ablations
from pgd2jax import checkpoints, compilation, configuration, raster
from pgd2jax.infer import Despeckler
from pgd2jax.train import loop, stopping, timing

SCENES = 32  # Fresh ones, to measure on.
REPETITIONS = 10  # Steps to time.
NAMES = (*ablations.CHANGES, *PEERS)
TIMING, RESULT = "timing.json", "result.json"  # In the folder of a row.


def measured(params, model) -> dict[str, float]:
    """Returns errors over fresh single-look scenes, dB, and the kFLOP of a pixel."""
    despeckler = Despeckler(model, jax.device_put(params), {})
    found = {"kflop": timing.forward_flop(model, (1, 256, 256, 1)) / 256**2 / 1e3}
    for kind in ("correlated", "white"):
        drawn = (quality.scene(i, kind == "white", 1) for i in range(SCENES))
        errors = quality.errors(despeckler, drawn)
        found |= {f"{kind} {name}": value for name, value in errors.items()}
    return found


def write_json(path: pathlib.Path, values: dict) -> None:
    """Writes a file whole or not at all."""
    with raster.replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n")


def device() -> str:
    """Returns what works here."""
    kind = jax.devices()[0].device_kind
    return f"{jax.local_device_count()} x {kind}, jax {jax.__version__}"


def begun_as(workdir: pathlib.Path, **wanted: str) -> dict:
    """Returns what was written of a row when it was begun: its times, and how.

    Raises:
        ValueError: if that is not as is wanted now.
    """
    begun = json.loads((workdir / TIMING).read_text())
    for name, value in wanted.items():
        if begun.get(name) != value:
            raise ValueError(
                f"{workdir}: was begun with another {name}; go on with that, or delete "
                "or move it."
            )
    return begun


def seconds_a_step(config, model, workdir: pathlib.Path) -> float:
    """Times a step, s, unless that is done: a run that goes on keeps its length.

    Raises:
        ValueError: if the row was begun with another configuration or device.
    """
    path = workdir / TIMING
    wanted = {"config": config.to_json(), "device": device()}
    if not path.exists():
        workdir.mkdir(parents=True, exist_ok=True)
        functions = zip(("draw", "step"), speed.steps_of(config, model), strict=True)
        write_json(path, speed.in_turns(dict(functions), REPETITIONS) | wanted)
    begun = begun_as(workdir, **wanted)
    return begun["draw"] + begun["step"]


def planned(name: str, seed: int, base: str, num_steps: int):
    """Returns configuration and network of one row.

    Args:
        name: One of `NAMES`.
        seed: Of weights, batches and order.
        base: Configuration to change.
        num_steps: To take.
    """
    peer = name in PEERS
    config = ablations.get_config(f"{base}/{'whole' if peer else name}")
    config.seed, config.train.num_steps = seed, num_steps
    config.train.checkpoint_every = math.ceil(num_steps / 4)
    dtype = configuration.compute_dtype(config.train.dtype)
    if peer:
        config.loss.speckle = 0.0  # It would be one on the clean image.
        return config, PEERS[name](dtype)
    return config, configuration.model(config.model, dtype)


def train(name: str, seed: int, base: str, num_steps: int, folder: pathlib.Path):
    """Trains and measures one row, unless it is finished.

    Args:
        name: One of `NAMES`; peers need `whole` to be finished.
        seed: As for `planned`.
        base: As for `planned`.
        num_steps: Of the networks of ours; peers get the time that `whole` took.
        folder: Of all runs of this base and length.

    Raises:
        ValueError: if it was begun with another configuration or device.
    """
    config, model = planned(name, seed, base, num_steps)
    workdir = folder / f"{name}-{seed}"
    if (workdir / RESULT).exists():
        begun_as(workdir, config=config.to_json())
        return
    took = seconds_a_step(config, model, workdir)
    if name in PEERS:
        whole = planned("whole", seed, base, num_steps)
        allowed = num_steps * seconds_a_step(*whole, folder / f"whole-{seed}")
        config, _ = planned(name, seed, base, math.ceil(allowed / took))
    loop.run(config, workdir, model)
    params, _ = checkpoints.restore_params(workdir)
    found = {"steps": config.train.num_steps, "step": took, "device": device()}
    write_json(workdir / RESULT, found | measured(params, model))


def finished(folder: pathlib.Path) -> dict[str, dict[int, dict]]:
    """Returns all results in a folder, by name, in the order of `NAMES`, and seed."""
    results = {}
    for name in NAMES:
        paths = sorted(folder.glob(f"{name}-*/{RESULT}"))
        seeds = [int(path.parent.name.rpartition("-")[2]) for path in paths]
        if paths:
            found = [json.loads(path.read_text()) for path in paths]
            results[name] = dict(zip(seeds, found, strict=True))
    return results


def row(name: str, found: dict[int, dict], whole: dict[int, dict]) -> str:
    """Returns one row: mean over seeds, standard deviation where they differ."""

    def cell(values, form):
        text = f"{statistics.mean(values):{form}}"
        if len(set(values)) > 1:
            text += f" ± {statistics.stdev(values):{form.lstrip('+')}}"
        return text

    def column(key, form):
        return cell([result[key] for result in found.values()], form)

    def log_psnr(key):
        # Of equal seeds, which see the same scenes.
        pairs = [(r[key], whole[seed][key]) for seed, r in found.items()]
        return cell([20 * math.log10(base / own) for own, base in pairs], "+.2f")

    meaning = "peer, intensity alone, equal time"
    if name in ablations.CHANGES:
        meaning = ablations.CHANGES[name][0]
    cells = [name, meaning, column("steps", ".0f"), str(len(found))]
    for kind in ("correlated", "white"):
        cells += [column(f"{kind} rmse", ".3f"), log_psnr(f"{kind} rmse")]
        cells += [column(f"{kind} psnr_amplitude", ".2f")]
        cells += [column(f"{kind} sum_ratio", "+.2f")]
    milliseconds = [1e3 * result["step"] for result in found.values()]
    cells += [cell(milliseconds, ".1f"), column("kflop", ".1f")]
    return f"| {' | '.join(cells)} |"


def table(results: dict[str, dict[int, dict]]) -> str:
    """Returns the results in Markdown."""
    head = ["name", "what is changed", "steps", "seeds"]
    for kind in ("correlated", "white"):
        head += [f"{kind}: rmse, dB ↓", "log-PSNR against whole, dB ↑"]
        head += ["PSNR of the amplitude, dB ↑", "sum, dB → 0"]
    head += ["ms a step ↓", "kFLOP a pixel ↓"]
    rows = [row(name, found, results["whole"]) for name, found in results.items()]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows])


def split(path: pathlib.Path, base: str) -> tuple[str, str]:
    """Returns a page's text up to the table of `base`, and from its end on.

    Raises:
        ValueError: if the page has no place for it.
    """
    begin, end = f"<!-- {base}: begin -->", f"<!-- {base}: end -->"
    before, _, rest = path.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path}: holds no lines {begin} and {end}.")
    return before + begin, end + after


def main() -> None:
    """Trains all that is asked for, and writes the table after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    path = pathlib.Path
    parser.add_argument("--base", default="base", help="of configs/ [%(default)s]")
    parser.add_argument("--steps", type=int, default=4000, help="[%(default)s]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="[0]")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="[all]"
    )
    parser.add_argument(
        "--workdir", type=path, default="runs/ablations", help="[%(default)s]"
    )
    parser.add_argument(
        "--output", type=path, default="docs/ablations.md", help="[%(default)s]"
    )
    args = parser.parse_args()
    split(args.output, args.base)  # Before all the work.
    compilation.cache()
    folder = args.workdir / f"{args.base}-{args.steps}"
    failed = []
    for seed in args.seeds:
        for name in [name for name in NAMES if name in {"whole", *args.only}]:
            jax.clear_caches()  # What was compiled for one row would stay to the last.
            try:
                train(name, seed, args.base, args.steps, folder)
            except stopping.Stopped as stop:
                sys.exit(str(stop))
            except (OSError, RuntimeError, ValueError) as error:
                failed.append(f"{name}, seed {seed}: {error}")
                logging.error("%s", failed[-1])
                if name == "whole":
                    failed.append(f"seed {seed}: its other rows, to compare with it")
                    break
                continue
            results = finished(folder)
            devices = {r["device"] for rows in results.values() for r in rows.values()}
            before, after = split(args.output, args.base)
            text = (
                f"{before}\n{'; '.join(sorted(devices))}\n\n{table(results)}\n{after}"
            )
            with raster.replacing(args.output) as temporary:
                temporary.write_text(text)
    if failed:
        sys.exit("\n".join(["not finished:", *failed]))


if __name__ == "__main__":
    main()
