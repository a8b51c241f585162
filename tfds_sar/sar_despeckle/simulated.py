"""Simulated pairs, each a function of the seed and its own number alone."""

import collections
import concurrent.futures
import functools
import itertools
from collections.abc import Iterator

import jax

from pgd2jax.sar import scenes

WORKERS = 2  # JAX lets go of the interpreter's lock while it computes.


@functools.partial(jax.jit, static_argnames="size")
def _observe(seed, index, size):
    kind, pair = jax.random.split(jax.random.fold_in(jax.random.key(seed), index))
    white, looks = scenes.draw_kind(kind)
    return scenes.observe(pair, size, white, looks)


def simulate(seed: int, index: int, size: int) -> dict[str, object]:
    """Returns example number `index`; see the features of the builder."""
    pair = jax.device_get(_observe(seed, index, size))
    name = f"simulated-{seed}-{index:05d}"
    return {
        "intensity": pair.intensity[..., None],
        "phase": pair.phase[..., None],
        "reference": pair.reference[..., None],
        "has_phase": bool(pair.looks == 1),
        "looks": float(pair.looks),
        "speckle": "white" if pair.white else "correlated",
        "id": name,
        "scene": name,  # Every tile shows ground of its own.
    }


def generate(
    seed: int, indices: range, size: int
) -> Iterator[tuple[int, dict[str, object]]]:
    """Yields (index, example) in order, some computed ahead on other threads."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:

        def submit(index):
            return index, pool.submit(simulate, seed, index, size)

        waiting = iter(indices)
        ahead = collections.deque(map(submit, itertools.islice(waiting, 2 * WORKERS)))
        while ahead:
            index, future = ahead.popleft()
            ahead.extend(map(submit, itertools.islice(waiting, 1)))
            yield index, future.result()
