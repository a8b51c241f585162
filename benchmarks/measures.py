"""Times all measures of one image.

python benchmarks/measures.py --size 1024
"""

import argparse
import pathlib
import statistics
import sys
import time

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from pgd2jax.metrics import measuring


def images(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a noisy, a smoothed and a clean image, half flat, [size, size]."""
    rng = np.random.default_rng(0)
    texture = ndimage.gaussian_filter(rng.normal(size=(size, size)), 8)
    reference = np.exp(texture / texture.std()).astype(np.float32)
    reference[: size // 2] = 1
    noisy = (reference * rng.exponential(size=reference.shape)).astype(np.float32)
    return noisy, ndimage.uniform_filter(noisy, 7), reference


def main() -> None:
    """Prints the median, the least and the most of some repetitions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1024, help="pixels [%(default)s]")
    parser.add_argument("--repeats", type=int, default=5, help="[%(default)s]")
    args = parser.parse_args()
    pair = images(args.size)
    found, seconds = {}, []
    for _ in range(args.repeats):
        start = time.perf_counter()
        found = measuring.measure(*pair)
        seconds.append(time.perf_counter() - start)
    print(
        f"{len(found)} measures of {args.size} x {args.size}: "
        f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
    )


if __name__ == "__main__":
    main()
