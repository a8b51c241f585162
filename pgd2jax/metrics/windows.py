"""Homogeneous windows, chosen on the noisy image, [H, W] linear power.

Never choose on a despeckled image: that rewards what invents flatness.
"""

import numpy as np

WINDOW = 32  # Rows and columns.
MOST = 64  # Windows at most, evenly from all that are found.
BLOCKS = 4  # A side; their means tell flat ground from other.
# Block means of one look, 64 pixels each, vary by 0.13 of their mean where samples are
# independent, by 0.25 in a narrow band. Ground of 1.5 dB adds 0.35 to that.
MOST_VARIATION = 0.35
FLATTEST, SIMILAR = 0.1, 1.6  # What is as flat as the flattest tenth, speckle allowed.

Window = tuple[slice, slice]


def text(window: Window) -> str:
    """Returns rows and columns as users write them, "100:132,40:72"."""
    return ",".join(f"{along.start}:{along.stop}" for along in window)


def check(window: Window, shape: tuple[int, int]) -> None:
    """Raises ValueError if a window ends outside of an image, (rows, cols)."""
    if any(along.stop > length for along, length in zip(window, shape, strict=True)):
        raise ValueError(
            f"region {text(window)} lies not in an image of {shape[0]} x {shape[1]}."
        )


def _candidates(intensity) -> list[tuple[float, Window]]:
    """Returns (variation of the block means, window), the flattest first."""
    step = WINDOW // BLOCKS
    rows, cols = (length // step for length in intensity.shape)
    if min(rows, cols) < BLOCKS:
        return []
    whole = np.asarray(intensity, np.float64)[: rows * step, : cols * step]
    means = whole.reshape(rows, step, cols, step).mean(axis=(1, 3))
    groups = np.lib.stride_tricks.sliding_window_view(means, (BLOCKS, BLOCKS))
    level = groups.mean(axis=(2, 3))
    spread = groups.std(axis=(2, 3))
    good = np.isfinite(level) & (level > 0)
    variation = np.divide(spread, level, out=np.full(level.shape, np.inf), where=good)
    order = np.argsort(variation, axis=None, kind="stable")
    found = []
    for row, col in zip(
        *(i.tolist() for i in np.unravel_index(order, level.shape)), strict=True
    ):
        if not good[row, col]:
            continue
        place = (
            slice(row * step, row * step + WINDOW),
            slice(col * step, col * step + WINDOW),
        )
        found.append((float(variation[row, col]), place))
    return found


def flattest(intensity: np.ndarray) -> Window:
    """Finds the most homogeneous window of a noisy image.

    Args:
        intensity: Noisy linear power, [H, W]; NaN for no data.

    Returns:
        (row_slice, col_slice) of the window whose 4 x 4 block means vary least,
        relative to their mean.

    Raises:
        ValueError: if no window fits.
    """
    found = _candidates(intensity)
    if not found:
        raise ValueError(f"no valid window of {WINDOW=} in {np.shape(intensity)=}.")
    return found[0][1]


def homogeneous(intensity: np.ndarray, looks: float = 1.0) -> list[Window]:
    """Finds homogeneous windows of a noisy image that do not overlap.

    Those whose block means vary by less than 1.6 times the flattest tenth of all
    windows, from top to bottom. The very flattest alone would be those whose speckle
    happens to lack bright samples: their mean is 1.5 % low.

    Args:
        intensity: Noisy linear power, [H, W].
        looks: Its equivalent number of looks; more of them show finer texture.

    Returns:
        (row_slice, col_slice) each, 64 at most, evenly from all; none if no ground is
        flat: the means of 4 x 4 blocks vary by over 0.35 / sqrt(looks) of their mean
        everywhere.
    """
    candidates = _candidates(intensity)
    if not candidates:
        return []
    flat = np.quantile([variation for variation, _ in candidates], FLATTEST)
    limit = min(MOST_VARIATION / np.sqrt(looks), SIMILAR * flat)
    places = [window for variation, window in candidates if variation <= limit]
    taken = np.zeros(np.shape(intensity), bool)
    chosen = []
    for window in sorted(places, key=lambda w: (w[0].start, w[1].start)):
        if not taken[window].any():
            taken[window] = True
            chosen.append(window)
    return chosen[:: -(-len(chosen) // MOST) or 1]
