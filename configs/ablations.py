"""One part of the design changed at a time: configs/ablations.py:small/no_phase.

The first word is the configuration that is changed, the second one of `CHANGES`.
`benchmarks/ablations.py` trains them all and writes docs/ablations.md.
"""

import importlib

import ml_collections

# What is changed, and to what.
CHANGES = {
    "whole": {},
    # The phase.
    "no_phase": {"augment.phase_dropout": 1.0},
    "angle": {"model.phase_as": "angle"},
    # The subnetworks.
    "no_snenet": {"model.estimate_depth": 0, "loss.speckle": 0.0},
    "fusion": {"model.exchange": "fusion"},
    "overlapping": {"model.exchange": "overlapping"},
    "gate": {"model.exchange": "gate"},
    # The loss, a term added or left out.
    "with_clean": {"loss.clean": 0.5},
    "no_likely": {"loss.likely": 0.0, "loss.clean": 1.0},
    "no_speckle": {"loss.speckle": 0.0},
    "no_structure": {"loss.structure": 0.0},
    # The data.
    "white": {"data.white": 1.0},
    "correlated": {"data.white": 0.0},
}


def get_config(which: str) -> ml_collections.ConfigDict:
    base, _, name = which.partition("/")
    if name not in CHANGES:
        raise ValueError(
            f"{which}: give BASE/NAME, with a name of {', '.join(CHANGES)}."
        )
    c = importlib.import_module(f"configs.{base}").get_config()
    c.update_from_flattened_dict(CHANGES[name])
    return c
