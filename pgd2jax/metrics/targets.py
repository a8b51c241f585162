"""Point and line targets over clutter, for one image of linear power, [H, W].

After Di Martino et al., "Benchmarking framework for SAR despeckling", TGRS 2014. The
best value of a contrast is that of the reference: look at differences.
"""

import numpy as np

from pgd2jax.metrics.undefined import undefined
from pgd2jax.sar import radiometry

GUARD = 8  # Pixels around a target that are not its clutter: main and side lobes.
CLUTTER = 20  # Half-width of the square whose outer part is.


def _contrast(one: float, other: float) -> float:
    if not (one > 0 and other > 0):
        return undefined("a contrast needs power in target and ground.")
    return float(radiometry.decibel(one / other))


def _square(intensity, row, col, half):
    """Returns the pixels up to `half` from one; those beyond the border are cut off."""
    rows, cols = intensity.shape
    if not (0 <= row < rows and 0 <= col < cols):
        raise ValueError(f"{row=}, {col=} must lie in {intensity.shape=}.")
    return intensity[
        max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1
    ]


def _clutter(intensity, row, col) -> float:
    """Returns the mean power around a target, beyond its guard."""
    distance = np.maximum(
        np.abs(np.arange(intensity.shape[0]) - row)[:, None],
        np.abs(np.arange(intensity.shape[1]) - col),
    )
    ring = intensity[(distance > GUARD) & (distance <= CLUTTER)]
    ring = ring[np.isfinite(ring)]
    return float(ring.mean()) if ring.size else undefined("there is no clutter around.")


def peak_error_db(
    estimate: np.ndarray, reference: np.ndarray, row: int, col: int
) -> float:
    """Returns 10 log10 of a point's power over the reference's, dB; best 0."""
    return _contrast(float(estimate[row, col]), float(reference[row, col]))


def near_contrast_db(intensity: np.ndarray, row: int, col: int) -> float:
    """Returns C_NN: a point's power over the mean of its 8 neighbours, dB."""
    square = _square(intensity, row, col, 1).astype(np.float64)
    point = float(intensity[row, col])
    others = (np.nansum(square) - point) / max(np.isfinite(square).sum() - 1, 1)
    return _contrast(point, others)


def ground_contrast_db(intensity: np.ndarray, row: int, col: int) -> float:
    """Returns C_BG: a point's power over the mean of the clutter around, dB.

    The clutter lies 9 to 20 pixels away.
    """
    return _contrast(float(intensity[row, col]), _clutter(intensity, row, col))


def target_to_clutter_db(intensity: np.ndarray, row: int, col: int) -> float:
    """Returns the target-to-clutter ratio, dB: the largest power within 2 pixels.

    Over the mean 9 to 20 pixels away. To compare before and after despeckling: a good
    filter leaves the peak and, on average, the clutter as they are.
    """
    peak = float(np.nanmax(_square(intensity, row, col, 2)))
    return _contrast(peak, _clutter(intensity, row, col))


def line_contrast_db(
    intensity: np.ndarray, line: np.ndarray, ground: np.ndarray
) -> float:
    """Returns C_DR: the mean power of a double reflection line over the ground's, dB.

    Args:
        intensity: [H, W] linear power.
        line: Where the line is, bool [H, W].
        ground: Where the open ground is, bool [H, W].
    """
    return _contrast(
        float(np.nanmean(intensity[line])), float(np.nanmean(intensity[ground]))
    )


def building_smearing_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the rms difference of the range profiles, dB; best 0.

    Args:
        estimate: Rows along a building, columns in range, [H, W] linear power.
        reference: The same.
    """
    profiles = [np.nanmean(image, axis=0) for image in (estimate, reference)]
    if not all((x > 0).all() for x in profiles):
        return undefined("a range profile without power has no decibels.")
    difference = radiometry.decibel(profiles[0] / profiles[1])
    return float(np.sqrt(np.mean(difference**2)))
