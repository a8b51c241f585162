"""One part of the design changed at a time: configs/ablations.py:small/no_phase.

The first word is the configuration that is changed, the second one of `CHANGES`.
`benchmarks/ablations.py` trains them all and writes docs/ablations.md.
"""

import importlib

import ml_collections

# By name: what is changed, in words, and in the configuration.
CHANGES = {
    "whole": ("nothing", {}),
    # The phase.
    "no_phase": ("without the phase", {"model.phase_as": "none"}),
    "white_samples": (
        "samples are whitened before, and their power goes in, too",
        {"model.phase_as": "white_samples"},
    ),
    "white_power": (
        "the power of white samples alone, without sub-looks",
        {"model.phase_as": "white_samples", "model.sub_looks": 0},
    ),
    "whitened": (
        "sub-looks are whitened afterwards",
        {"model.phase_as": "whitened"},
    ),
    "sub_looks": (
        "sub-looks are not whitened",
        {"model.phase_as": "sub_looks"},
    ),
    "angle": (
        "cosine and sine of the phase instead of sub-looks",
        {"model.phase_as": "angle"},
    ),
    # The subnetworks.
    "bare_snenet": (
        "SNENet without blocks, and without a loss on its speckle",
        {"model.estimate_depth": 0, "loss.speckle": 0.0},
    ),
    "fusion": (
        "1 x 1 convolution instead of cross-attention",
        {"model.exchange": "fusion"},
    ),
    "overlapping": (
        "cross-attention sees half a window beyond its own",
        {"model.exchange": "overlapping"},
    ),
    "gate": (
        "each branch weighs the other's channels, without distance",
        {"model.exchange": "gate"},
    ),
    # The loss, a term added or left out.
    "with_clean": ("absolute error of the logarithm added", {"loss.clean": 0.5}),
    "no_likely": (
        "absolute error instead of the likelihood",
        {"loss.likely": 0.0, "loss.clean": 1.0},
    ),
    "no_speckle": ("no loss on SNENet's speckle", {"loss.speckle": 0.0}),
    "no_structure": (
        "no loss on differences between neighbours",
        {"loss.structure": 0.0},
    ),
    # The optimiser.
    "adamw": ("AdamW instead of Muon", {"optimiser.muon": False}),
    # The data.
    "white": ("trained on independent samples alone", {"data.white": 1.0}),
    "correlated": ("trained on correlated samples alone", {"data.white": 0.0}),
}


def get_config(which: str) -> ml_collections.ConfigDict:
    base, _, name = which.partition("/")
    if name not in CHANGES:
        raise ValueError(
            f"{which}: give BASE/NAME, with a name of {', '.join(CHANGES)}."
        )
    c = importlib.import_module(f"configs.{base}").get_config()
    c.data.source = "endless"
    c.update_from_flattened_dict(CHANGES[name][1])
    return c
