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


def create(
    chosen: Sequence[str], despeckler: Despeckler | None = None
) -> dict[str, Method]:
    """Returns methods by name.

    Args:
        chosen: Some of `names()`; a name of published weights stands for their network.
        despeckler: The network of "pgd2net" and "pgd2net_no_phase".

    Raises:
        ValueError: if a name is unknown or comes twice, or none is given.
        MissingPackageError: if the package behind a name is not installed.
    """
    if not chosen:
        raise ValueError(f"no method is named; some of {', '.join(names())}.")
    found = {}
    for name in chosen:
        if name in found:
            raise ValueError(f"method {name!r} is named twice.")
        found[name] = _create(name, despeckler)
    return found


def _create(name: str, despeckler: Despeckler | None) -> Method:
    if name == NOISY:
        return lambda case: case.intensity
    if name in filters.FILTERS:
        function = filters.FILTERS[name]
        return lambda case: function(case.intensity, case.looks)
    if name in PACKAGES:
        function = PACKAGES[name]()
        return lambda case: function(case.intensity, case.looks, case.slc)
    if name in (OURS, WITHOUT_PHASE) and despeckler is not None:
        without = name == WITHOUT_PHASE
        return functools.partial(_despeckle, despeckler, without)
    if name in checkpoints.published():
        return functools.partial(_despeckle, pgd2jax.load(name), False)
    raise ValueError(f"there is no method {name!r}; there are {', '.join(names())}.")


def _despeckle(despeckler: Despeckler, without_phase: bool, case: Case) -> np.ndarray:
    if case.slc is None or without_phase:
        return despeckler(intensity=case.intensity, looks=max(case.looks, 1.0))
    return despeckler(case.slc)
