"""What can be compared, by name: networks, classical filters, other packages."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

import pgd2jax
from pgd2jax import checkpoints
from pgd2jax.evaluation.cases import Case
from pgd2jax.evaluation.packages import PACKAGES
from pgd2jax.infer import Despeckler
from pgd2jax.sar import filters

# Case -> linear power, [H, W].
Method = Callable[[Case], np.ndarray]

NOISY = "noisy"
OURS = "pgd2net"
WITHOUT_PHASE = "pgd2net_no_phase"
DEFAULT = (NOISY, *filters.FILTERS, WITHOUT_PHASE, OURS)


def names() -> tuple[str, ...]:
    """Returns all names, the default ones first."""
    return (*DEFAULT, *checkpoints.published(), *PACKAGES)


def check(chosen: Sequence[str]) -> None:
    """Checks names before any work is done.

    Raises:
        ValueError: if a name is unknown or comes twice, or none is given.
        MissingPackageError: if the package behind a name is not installed.
    """
    if not chosen:
        raise ValueError(f"no method is named; some of {', '.join(names())}.")
    for name in chosen:
        if name not in names():
            raise ValueError(f"there is no method {name!r}: {', '.join(names())}.")
        if list(chosen).count(name) > 1:
            raise ValueError(f"method {name!r} is named twice.")
        if name in PACKAGES:
            PACKAGES[name]()


def create(
    chosen: Sequence[str], despeckler: Despeckler | None = None
) -> dict[str, Method]:
    """Returns methods by name.

    Args:
        chosen: Some of `names()`; a name of published weights stands for their network.
        despeckler: The network of "pgd2net" and "pgd2net_no_phase"; that of the default
            weights if None.

    Raises:
        ValueError: as `check` does.
    """
    check(chosen)
    return {name: _create(name, despeckler) for name in chosen}


def _create(name: str, despeckler: Despeckler | None) -> Method:
    if name == NOISY:
        return lambda case: case.intensity
    if name in filters.FILTERS:
        function = filters.FILTERS[name]
        return lambda case: function(case.intensity, case.looks)
    if name in PACKAGES:
        function = PACKAGES[name]()
        return lambda case: function(case.intensity, case.looks, case.slc)
    if name in checkpoints.published():
        despeckler = pgd2jax.load(name)
    network = despeckler or pgd2jax.load()
    return functools.partial(_despeckle, network, name == WITHOUT_PHASE)


def _despeckle(despeckler: Despeckler, without_phase: bool, case: Case) -> np.ndarray:
    if case.slc is None or without_phase:
        return despeckler(intensity=case.intensity, looks=max(case.looks, 1.0))
    return despeckler(case.slc)
