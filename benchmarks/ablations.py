"""Trains what configs/ablations.py lists, and peers, and writes a table of them.

python benchmarks/ablations.py --base small --steps 2000
python benchmarks/ablations.py --base base --steps 4000 --seeds 0 1 2

Networks of ours take equal steps; each peer takes as many as fit in the time that
`whole` needs for its own. All see the same batches. What is finished is not trained
again, what was broken off goes on, and the table is written anew after each.
"""

import argparse
import datetime
import json
import math
import pathlib
import statistics
import sys

import jax

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from benchmarks import quality, speed
from benchmarks.peers import PEERS
from configs import ablations
from pgd2jax import checkpoints, compilation, configuration, raster
from pgd2jax.infer import Despeckler
from pgd2jax.train import loop

SCENES = 32  # Fresh ones, to measure on.
REPETITIONS = 10  # Steps to time.

# What each row changes; `whole` is the configuration as it is.
MEANING = {
    "whole": "nothing",
    "no_phase": "the phase is never shown",
    "angle": "cosine and sine of the phase instead of sub-looks",
    "no_snenet": "no speckle estimate: no blocks in SNENet and no loss on it",
    "fusion": "1 x 1 convolution instead of cross-attention",
    "overlapping": "cross-attention sees half a window beyond its own",
    "gate": "each branch weighs the other's channels, without distance",
    "with_clean": "absolute error of the logarithm added to the loss",
    "no_likely": "absolute error instead of the likelihood",
    "no_speckle": "no loss on SNENet's speckle",
    "no_structure": "no loss on differences between neighbours",
    "white": "trained on independent samples alone",
    "correlated": "trained on correlated samples alone",
    "SAR-DRN": "peer, intensity alone, equal time",
    "SAR-CAM": "peer, intensity alone, equal time",
}


def measured(params, model) -> dict[str, float]:
    """Returns errors over fresh single-look scenes, dB, and the kFLOP of a pixel."""
    despeckler = Despeckler(model, jax.device_put(params), {})
    image = jax.ShapeDtypeStruct((1, 256, 256, 1), "float32")
    apply = jax.jit(lambda params, *x: model.apply({"params": params}, *x).intensity)
    cost = apply.lower(params, image, image).compile().cost_analysis()
    found = {"kflop": cost["flops"] / 256**2 / 1e3}
    for kind in ("correlated", "white"):
        errors = quality.errors(despeckler, SCENES, white=kind == "white")
        found |= {f"{kind} {name}": value for name, value in errors.items()}
    return found


def result(name: str, seed: int, base: str, num_steps: int, folder: pathlib.Path):
    """Trains and measures one network, or returns what was found before.

    Args:
        name: Of `ablations.CHANGES`, or of `PEERS`, for which `whole` is there.
        seed: Of weights, batches and order.
        base: Configuration to change.
        num_steps: Of the networks of ours.
        folder: Of all runs of this base and length.
    """
    workdir = folder / f"{name}-{seed}"
    path = workdir / "result.json"
    if path.exists():
        return json.loads(path.read_text())
    config = ablations.get_config(f"{base}/{'whole' if name in PEERS else name}")
    config.seed = seed
    dtype = configuration.compute_dtype(config.train.dtype)
    if name in PEERS:
        model = PEERS[name](dtype)
    else:
        model = configuration.model(config.model, dtype)
    step = speed.seconds(speed.steps_of(config, model)[1], REPETITIONS)
    if name in PEERS:
        whole = result("whole", seed, base, num_steps, folder)
        num_steps = math.ceil(num_steps * whole["step"] / step)
    config.train.num_steps = num_steps
    config.train.checkpoint_every = math.ceil(num_steps / 4)
    loop.run(config, workdir, model)
    params, _ = checkpoints.restore_params(workdir)
    found = {"steps": num_steps, "step": step, **measured(params, model)}
    with raster.replacing(path) as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n")
    return found


def row(name: str, found: list[dict], whole: list[dict]) -> str:
    """Returns one row: mean over seeds, standard deviation where there are several."""

    def mean(rows, key):
        return statistics.mean(r[key] for r in rows)

    def cell(key, digits):
        text = f"{mean(found, key):.{digits}f}"
        if len(found) > 1:
            spread = statistics.stdev(r[key] for r in found)
            text += f" ± {spread:.{digits}f}"
        return text

    def loss(kind):
        ratio = mean(found, f"{kind} rmse") / mean(whole, f"{kind} rmse")
        return f"{20 * math.log10(ratio):+.2f}"

    cells = [name, MEANING[name], str(found[0]["steps"]), str(len(found))]
    for kind in ("correlated", "white"):
        cells += [cell(f"{kind} rmse", 3), loss(kind)]
        cells += [cell(f"{kind} psnr_amplitude", 2), cell(f"{kind} sum_ratio", 2)]
    cells += [f"{1e3 * mean(found, 'step'):.1f}", f"{mean(found, 'kflop'):.1f}"]
    return f"| {' | '.join(cells)} |"


def table(results: dict[str, list[dict]]) -> str:
    """Returns the rows of all that is finished, in Markdown."""
    head = ["name", "what is changed", "steps", "seeds"]
    for kind in ("correlated", "white"):
        head += [f"{kind}: rmse, dB ↓", "against whole, dB ↓"]
        head += ["PSNR of the amplitude, dB ↑", "sum, dB → 0"]
    head += ["ms a step ↓", "kFLOP a pixel ↓"]
    rows = [row(name, found, results["whole"]) for name, found in results.items()]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows])


def main() -> None:
    """Trains all that is asked for, and writes the table after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*ablations.CHANGES, *PEERS]
    parser.add_argument("--base", default="base", help="of configs/ [%(default)s]")
    parser.add_argument("--steps", type=int, default=4000, help="[%(default)s]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="[0]")
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help="[all]"
    )
    parser.add_argument(
        "--workdir", type=pathlib.Path, default="runs/ablations", help="[%(default)s]"
    )
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default="docs/ablations.md",
        help="its part below the line of this --base is rewritten [%(default)s]",
    )
    args = parser.parse_args()
    compilation.cache()
    folder = args.workdir / f"{args.base}-{args.steps}"
    wanted = [name for name in names if name in {"whole", *args.only}]
    results: dict[str, list[dict]] = {}
    device = f"{jax.local_device_count()} x {jax.devices()[0].device_kind}"
    for seed in args.seeds:
        for name in wanted:
            found = result(name, seed, args.base, args.steps, folder)
            results.setdefault(name, []).append(found)
            write(args.output, args.base, device, table(results))


def write(path: pathlib.Path, base: str, device: str, rows: str) -> None:
    """Puts the table in its part of a page, between the marks of `base`."""
    begin, end = f"<!-- {base}: begin -->", f"<!-- {base}: end -->"
    text = path.read_text()
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{path}: holds no lines {begin} and {end}.")
    date = datetime.date.today().isoformat()
    command = " ".join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]])
    note = f"{date}, {device}, jax {jax.__version__}: `python benchmarks/{command}`"
    with raster.replacing(path) as temporary:
        temporary.write_text(f"{before}{begin}\n{note}\n\n{rows}\n{end}{after}")


if __name__ == "__main__":
    main()
