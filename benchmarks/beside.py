"""Times pgd2jax beside SAR2SAR of deepdespeckling, on the CPU, in turns.

python -m venv peer && peer/bin/pip install deepdespeckling==0.8
python benchmarks/beside.py --peer-python peer/bin/python

Each program waits in a process of its own while the others work, with as many threads
as the machine has cores. All take the same image, an array, as their users would:
pgd2jax a complex one, SAR2SAR its amplitude, in patches of 256 with a step of 254, its
default; four of them make 1018 pixels. "patches" is SAR2SAR's network alone on patches
that do not overlap.
"""

import argparse
import functools
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))


def image(size: int) -> np.ndarray:
    """Returns a flat scene, [size, size] complex64."""
    parts = np.random.default_rng(0).normal(size=(2, size, size)).astype(np.float32)
    return 100 * (parts[0] + 1j * parts[1])


def weights(name: str, size: int):
    """Returns what despeckles with weights that come along."""
    import pgd2jax

    despeckler, slc = pgd2jax.load(name), image(size)
    return lambda: despeckler(slc)


def sar2sar(size: int):
    """Returns what despeckles with SAR2SAR."""
    for name in ("osgeo", "osgeo.gdal"):  # For reading files, which is left out here.
        sys.modules[name] = types.ModuleType(name)
    sys.modules["osgeo"].gdal = sys.modules["osgeo.gdal"]
    # Its weights hold more than arrays, which torch 2.6 and later must be told.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    import torch
    from deepdespeckling.sar2sar.sar2sar_denoiser import Sar2SarDenoiser
    from deepdespeckling.utils.constants import PATCH_SIZE, STRIDE_SIZE

    torch.set_num_threads(os.cpu_count())
    denoiser, amplitude = Sar2SarDenoiser(), np.abs(image(size))
    return lambda: denoiser.denoise_image(amplitude, PATCH_SIZE, STRIDE_SIZE)


def patches(size: int):
    """Returns what applies SAR2SAR's network to patches side by side, 16 for 1018."""
    sar2sar(size)  # Makes the package importable.
    import torch
    from deepdespeckling.sar2sar.sar2sar_denoiser import Sar2SarDenoiser
    from deepdespeckling.utils.constants import PATCH_SIZE

    denoiser = Sar2SarDenoiser()
    network = denoiser.load_model(PATCH_SIZE)
    patch = torch.rand(1, PATCH_SIZE, PATCH_SIZE, 1)

    @torch.no_grad()
    def run():
        for _ in range((size // PATCH_SIZE + 1) ** 2):
            network(patch)

    return run


PROGRAMS = {
    **{name: functools.partial(weights, name) for name in ("base", "medium", "small")},
    "sar2sar": sar2sar,
    "patches": patches,
}


def work(name: str, size: int) -> None:
    """Times a pass for every line that comes in, after one to warm up."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever a program prints goes elsewhere.
    function = PROGRAMS[name](size)
    function()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        function()
        print(time.perf_counter() - start, file=answers, flush=True)


def main() -> None:
    """Prints a table of all programs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", help="of an environment with deepdespeckling")
    parser.add_argument("--size", type=int, default=1018, help="pixels [%(default)s]")
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--worker", choices=PROGRAMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args.worker, args.size)
        return
    if not args.peer_python:
        parser.error("--peer-python is needed")
    if "sar2sar" not in args.only:
        parser.error("--only: sar2sar is needed, which all are compared with")
    workers = {}
    for name in args.only:
        python = args.peer_python if name in ("sar2sar", "patches") else sys.executable
        workers[name] = subprocess.Popen(
            [python, __file__, "--worker", name, "--size", str(args.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if workers[name].stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} does not start; try it with --worker {name}.")
    rates = {name: [] for name in args.only}
    for _ in range(args.rounds):
        for name, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            took = float(worker.stdout.readline())
            side = args.size
            if name == "patches":
                side = (args.size // 256 + 1) * 256
            rates[name].append(side**2 / took / 1e6)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    print(f"{args.size} x {args.size}, {args.rounds} rounds, {os.cpu_count()} threads")
    spread = "median (lowest to highest)"
    print(f"| | Mpixel/s, {spread} | over SAR2SAR, {spread} of rounds |")
    print("|---|---|---|")
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(found, rates["sar2sar"], strict=True)]
        print(
            f"| {name} | {statistics.median(found):.3f} "
            f"({min(found):.3f} to {max(found):.3f}) | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}) |"
        )


if __name__ == "__main__":
    main()
