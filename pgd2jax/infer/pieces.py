"""Despeckles a file whose parts are no neighbours on the ground, as bursts."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from pgd2jax.infer.source import Source


def bands(
    despeckle: Callable[..., Iterator[tuple[slice, np.ndarray]]],
    source: Source,
    wanted: slice,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Despeckles each piece of a file as a scene of its own, from top to bottom.

    Args:
        despeckle: (read, shape, progress, wanted) -> bands, of a `Despeckler`.
        source: The file.
        wanted: Rows; bands without any of them are passed over.
        progress: Called with (pixels done, pixels in all) of the file.

    Yields:
        Rows of the file, and their intensity, [rows, cols] float32 linear power.
    """
    cols = source.shape[1]
    for piece in source.image.pieces:
        first, height = piece.start, piece.stop - piece.start
        if piece.stop <= wanted.start or first >= wanted.stop:
            continue

        def read(start, stop, first=first):
            return source.read(first + start, first + stop)

        def tell(done, total, first=first):
            if progress:
                progress(first * cols + done, math.prod(source.shape))

        part = slice(max(wanted.start - first, 0), wanted.stop - first)
        for rows, power in despeckle(read, (height, cols), progress=tell, wanted=part):
            yield slice(first + rows.start, first + rows.stop), power
