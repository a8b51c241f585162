"""Measures despecklers on a split of `sar_despeckle`."""

import collections
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from pgd2jax.infer import Despeckler
from pgd2jax.metrics import referenced
from pgd2jax.sar import filters, radiometry

# (example of the data set) -> intensity, [H, W].
Method = Callable[[Mapping[str, Any]], np.ndarray]


def methods(despeckler: Despeckler) -> dict[str, Method]:
    """Returns what is compared: the noisy image, classical filters and the network."""

    def network(example):
        if not example["has_phase"]:
            return without_phase(example)
        intensity, phase = example["intensity"][..., 0], example["phase"][..., 0]
        return despeckler(radiometry.slc(intensity, phase))

    def without_phase(example):
        looks = float(example["looks"])
        return despeckler(intensity=example["intensity"][..., 0], looks=looks)

    def classical(function):
        return lambda example: function(example["intensity"][..., 0])

    def lee(example):
        looks = float(example["looks"])
        return filters.lee(example["intensity"][..., 0], looks=looks)

    return {
        "noisy": classical(lambda intensity: intensity),
        **{name: classical(function) for name, function in filters.FILTERS.items()},
        "lee": lee,  # The only classical one that is told the looks.
        "pgd2net, no phase": without_phase,
        "pgd2net": network,
    }


def rows(
    examples: Iterator[Mapping[str, Any]], compared: Mapping[str, Method]
) -> Iterator[dict[str, Any]]:
    """Yields one row an example and method: names and all measures in dB."""
    for example in examples:
        reference = example["reference"][..., 0]
        for name, method in compared.items():
            estimate = method(example)
            yield {
                "method": name,
                "id": _text(example["id"]),
                "speckle": _text(example["speckle"]),
                "looks": float(example["looks"]),
                **{key: f(estimate, reference) for key, f in referenced.ALL.items()},
            }


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def summary(results: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, float]]:
    """Returns the mean of each measure over scenes, by (speckle, method).

    The rmse is the root of the mean square, as over the pixels of all scenes.
    """
    groups = collections.defaultdict(list)
    for row in results:
        groups[row["speckle"], row["method"]].append(row)
    return {
        group: {"scenes": len(members), **referenced.summary(members)}
        for group, members in groups.items()
    }


def table(means: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    """Returns the summary as text, with units and the better direction."""
    head = (
        f"{'speckle':<12}{'method':<20}{'scenes':>7}{'rmse ↓':>10}{'bias →0':>10}"
        f"{'sum →0':>10}{'PSNR amp. ↑':>13}"
    )
    lines = [head, f"{'':<39}{'dB':>10}{'dB':>10}{'dB':>10}{'dB':>13}"]
    for (speckle, method), mean in sorted(
        means.items(), key=lambda item: (item[0][0], -item[1]["rmse"])
    ):
        lines.append(
            f"{speckle:<12}{method:<20}{mean['scenes']:>7}{mean['rmse']:>10.3f}"
            f"{mean['bias']:>10.3f}{mean['sum_ratio']:>10.3f}"
            f"{mean['psnr_amplitude']:>13.2f}"
        )
    return "\n".join(lines)
