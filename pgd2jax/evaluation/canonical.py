"""The canonical scenes with the measures that belong to each."""

import functools

import numpy as np

from pgd2jax.evaluation.cases import Case, Cases
from pgd2jax.metrics import edges, targets
from pgd2jax.sar import canonical, radiometry

HALF = canonical.SIZE // 2
BORDER = 32  # Columns on each side of the edge whose profile is measured.


def _terrain(estimate, reference) -> dict[str, float]:
    variation = [
        np.std(x, dtype=np.float64) / np.mean(x, dtype=np.float64)
        for x in (estimate, reference)
    ]
    return {"variation_error": float(variation[0] - variation[1])}


def _squares(estimate, reference) -> dict[str, float]:
    # The lower edge, of 6 dB, away from the crossing.
    near = np.s_[HALF + 16 : -16, HALF - BORDER : HALF + BORDER]
    true = np.zeros(reference.shape, bool)
    true[HALF], true[:, HALF] = True, True
    return {
        "edge_smearing": edges.smearing(estimate[near], reference[near]),
        "figure_of_merit": edges.figure_of_merit(estimate, true),
    }


def _corner(estimate, reference) -> dict[str, float]:
    place = np.unravel_index(np.argmax(reference), reference.shape)
    errors = {
        name: contrast(estimate, *place) - contrast(reference, *place)
        for name, contrast in (
            ("near_contrast_error", targets.near_contrast_db),
            ("ground_contrast_error", targets.ground_contrast_db),
        )
    }
    return errors | {"peak_error": targets.peak_error_db(estimate, reference, *place)}


def _building(estimate, reference) -> dict[str, float]:
    line, ground = np.zeros((2, *reference.shape), bool)
    line[canonical.LENGTH, canonical.BUILDING["line"][0]] = True
    ground[:, 200:] = True
    contrast = functools.partial(targets.line_contrast_db, line=line, ground=ground)
    rows = slice(canonical.LENGTH.start + 8, canonical.LENGTH.stop - 8)
    return {
        "line_contrast_error": contrast(estimate) - contrast(reference),
        "building_smearing": targets.building_smearing_db(
            estimate[rows], reference[rows]
        ),
    }


MEASURES = {
    "homogeneous": None,
    "terrain": _terrain,
    "squares": _squares,
    "corner": _corner,
    "building": _building,
}


def cases(draws: int = 8) -> Cases:
    """Returns the canonical scenes, each with so many draws of speckle."""

    def scenes():
        for name in canonical.NAMES:
            for seed in range(draws):
                drawn = canonical.observe(name, seed)
                yield Case(
                    name=f"{name}-{seed:02d}",
                    group=name,
                    intensity=drawn.intensity,
                    slc=radiometry.slc(drawn.intensity, drawn.phase),
                    reference=drawn.reference,
                    looks=1.0,
                    seed=seed,
                    measures=MEASURES[name],
                )

    title = f"canonical scenes, {draws} draws of one look each"
    return Cases(title, draws * len(canonical.NAMES), scenes())
