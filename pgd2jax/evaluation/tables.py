"""Tables of an evaluation: text, Markdown and LaTeX."""

import math
from collections.abc import Mapping, Sequence

from pgd2jax.evaluation import statistics
from pgd2jax.evaluation.methods import NOISY
from pgd2jax.metrics.measures import ARROWS, MEASURES

LATEX_ARROWS = {
    "lower": r"$\downarrow$",
    "higher": r"$\uparrow$",
    "zero": r"$\to 0$",
    "one": r"$\to 1$",
}
# Special characters of LaTeX, and those of ours that its fonts lack.
LATEX = {
    "\\": r"\textbackslash{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}

# What the command prints; the files have all.
BRIEF = ("rmse", "bias", "sum_ratio", "psnr_amplitude", "ssim_decibel")
BRIEF_BLIND = ("enl", "ratio_mean", "sum_over_noisy", "m_index", "excess_correlation")
# Compared with intervals.
COMPARED = (*BRIEF, "ssim_amplitude", "enl", "m_index", "excess_correlation")


def columns(means: Mapping[statistics.Key, Mapping[str, statistics.Mean]]) -> list[str]:
    """Returns the measures that any method has, in the order of `MEASURES`."""
    return [name for name in MEASURES if any(name in found for found in means.values())]


def brief(means: Mapping[statistics.Key, Mapping[str, statistics.Mean]]) -> list[str]:
    """Returns the measures of a short table."""
    available = columns(means)
    chosen = [name for name in BRIEF if name in available]
    chosen += [name for name in BRIEF_BLIND if name in available][: 3 if chosen else 5]
    return [*chosen, "s_per_mpixel"]


def scenes(count: int) -> str:
    """Returns "1 scene" or "7 scenes"."""
    return "1 scene" if count == 1 else f"{count} scenes"


def leading(means: Mapping[statistics.Key, Mapping[str, statistics.Mean]]) -> str:
    """Returns the measure to look at first: the rmse, or the ENL without references."""
    available = columns(means)
    ranked = (*BRIEF, *BRIEF_BLIND, *available)
    return next(name for name in ranked if name in available)


def measured(
    means: Mapping[statistics.Key, Mapping[str, statistics.Mean]], measure: str
) -> bool:
    """Returns whether any method has a measure, the noisy image aside."""
    return any(
        measure in found for (_, method), found in means.items() if method != NOISY
    )


def _groups(means) -> dict[str, list[str]]:
    groups = {}
    for group, method in means:
        groups.setdefault(group, []).append(method)
    return groups


def _cell(means, group, method, measure) -> str:
    mean = means[group, method].get(measure)
    return "" if mean is None else f"{mean.value:.{MEASURES[measure].digits}f}"


def text(means: Mapping[statistics.Key, Mapping[str, statistics.Mean]]) -> str:
    """Returns a short table for a terminal: units, arrows, the best marked by *."""
    chosen = brief(means)
    head = ["group", "method", "scenes", *(MEASURES[name].head for name in chosen)]
    lines = [head]
    for group, methods in _groups(means).items():
        best = {name: statistics.best(means, group, name, NOISY) for name in chosen}
        for method in methods:
            cells = [
                _cell(means, group, method, name) + "* "[best[name] != method]
                for name in chosen
            ]
            lines.append([group, method, str(means[group, method]["scenes"]), *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(
    means: Mapping[statistics.Key, Mapping[str, statistics.Mean]],
    differences: Mapping[tuple[str, str, str], statistics.Difference],
    ours: str,
) -> str:
    """Returns all measures, the best bold, and the differences to `ours`."""
    available = columns(means)
    parts = []
    for group, methods in _groups(means).items():
        count = means[group, methods[0]]["scenes"]
        rows = [
            [_bold(means, group, method, name) for name in available]
            for method in methods
        ]
        heads = [MEASURES[name].head for name in available]
        parts += [
            f"## {group}, {scenes(count)}",
            _grid(["method", *heads], methods, rows),
        ]
        compared = _compared(differences, group)
        others = [
            m for m in methods if any((group, m, c) in differences for c in compared)
        ]
        if others:
            rows = [
                [_spread(differences.get((group, m, name)), name) for name in compared]
                for m in others
            ]
            heads = [difference_head(name) for name in compared]
            parts += [
                f"Less {ours}: mean over scenes and its 95 % interval (bootstrap)",
                _grid(["method", *heads], others, rows),
            ]
    return "\n\n".join(parts) + "\n"


def _compared(differences, group) -> list[str]:
    return [
        n for n in COMPARED if any(g == group and n == m for g, _, m in differences)
    ]


def difference_head(name: str) -> str:
    """Returns what is compared of a measure, its unit and which sign is better."""
    measure = MEASURES[name]
    distance = {"zero": "abs. ", "one": "distance of "}.get(measure.better, "")
    unit = f", {measure.unit}" if measure.unit else ""
    arrow = ARROWS["higher" if measure.better == "higher" else "lower"]
    return f"{distance}{measure.title}{unit} {arrow}"


def _bold(means, group, method, name) -> str:
    cell = _cell(means, group, method, name)
    best = statistics.best(means, group, name, NOISY) == method
    return f"**{cell}**" if best and cell else cell


def _spread(found: statistics.Difference | None, name: str) -> str:
    if found is None:
        return ""
    digits = MEASURES[name].digits
    if not math.isfinite(found.low):
        return f"{found.mean:+.{digits}f}"
    return (
        f"{found.mean:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
    )


def _grid(heads: Sequence[str], names: Sequence[str], rows) -> str:
    lines = [heads, ["---"] * len(heads)]
    lines += [[name, *row] for name, row in zip(names, rows, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def latex(means: Mapping[statistics.Key, Mapping[str, statistics.Mean]]) -> str:
    """Returns one table of all measures; needs the package booktabs."""
    available = columns(means)
    lines = [
        "% Needs \\usepackage{booktabs}.",
        f"\\begin{{tabular}}{{ll{'r' * len(available)}}}",
        "\\toprule",
        " & ".join(["scenes", "method", *(_latex_head(n) for n in available)]) + r" \\",
    ]
    for group, methods in _groups(means).items():
        lines.append("\\midrule")
        for method in methods:
            cells = []
            for name in available:
                cell = _cell(means, group, method, name).replace("-", "$-$")
                best = statistics.best(means, group, name, NOISY) == method
                cells.append(f"\\textbf{{{cell}}}" if best and cell else cell)
            lines.append(" & ".join([_escape(group), _escape(method), *cells]) + r" \\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def _latex_head(name: str) -> str:
    measure = MEASURES[name]
    unit = f", {_escape(measure.unit)}" if measure.unit else ""
    return f"{_escape(measure.title)}{unit} {LATEX_ARROWS[measure.better]}"


def _escape(words: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in words)
