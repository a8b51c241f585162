"""Fills pixels without data, so that their neighbours take no harm."""

import numpy as np

from pgd2jax.sar.whitening import Whitener, carried

FAR = 48  # Pixels from data beyond which a gap is filled with one value.
MARGIN = 2 * FAR  # How far away the pixels that fill a gap lie at most.
NEVER = 2**30  # A place farther than any.


def fill(
    image: np.ndarray,
    missing: np.ndarray,
    value: float,
    whitener: Whitener | None = None,
) -> np.ndarray:
    """Replaces missing pixels by the data mirrored at the edge of the gap.

    Speckle goes on, so that the network sees no edge. Along rows first, then along
    columns what is left. Where the mirrored pixel is missing too, the nearest is taken.
    Nothing farther than `MARGIN` away in rows and columns matters, so that a part of a
    scene is filled like the whole.

    Args:
        image: [H, W], any type.
        missing: Bool, [H, W].
        value: What to take farther than `FAR` from all data.
        whitener: Of complex samples, if they will be whitened.
    """
    if not missing.any():
        return image
    filled, left = np.where(missing, image.dtype.type(value), image), missing.copy()
    _along_rows(filled, left, 1, whitener)
    _along_rows(filled.T, left.T, 0, whitener)
    return filled


def _along_rows(image: np.ndarray, missing: np.ndarray, axis: int, whitener) -> None:
    """Fills what has data within `FAR` in its row, in place, which is then data.

    `axis` is that of the scene along which the image's rows lie.
    """
    rows = np.flatnonzero(missing.any(axis=1) & ~missing.all(axis=1))
    if not rows.size:
        return
    # From the first gap to the last, and what may be mirrored into them.
    cols = np.flatnonzero(missing[rows].any(axis=0))
    first = max(cols[0] - MARGIN, 0)
    gaps = missing[rows, first : cols[-1] + MARGIN + 1]
    place = np.arange(gaps.shape[1], dtype=np.int32)
    before = np.maximum.accumulate(np.where(gaps, -NEVER, place), axis=1)
    after = np.where(gaps, NEVER, place)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1]
    nearest = np.where(place - before <= after - place, before, after)
    row, col = np.nonzero(gaps & (np.abs(nearest - place) <= FAR))
    near = nearest[row, col]
    far = np.clip(2 * near - col, 0, gaps.shape[1] - 1)
    source = first + np.where(gaps[row, far], near, far)
    row, col = rows[row], first + col
    found = image[row, source]
    if whitener is not None:
        found = carried(found, axis, col - source, row, whitener)
    image[row, col] = found
    missing[row, col] = False
