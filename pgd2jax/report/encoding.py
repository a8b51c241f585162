"""Images of an evaluation as text that a page can hold: PNG, a quarter dB a step."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

STEP = 0.25  # dB.
LEVELS = 255  # 1 to 255; 0 is no data, and 1 whatever is darker.
RANGE = STEP * (LEVELS - 1)  # dB below the brightest pixel.
LARGEST = 512  # Rows and columns; of larger scenes the middle is shown.


def middle(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Returns the central part of an image, at most 512 x 512 pixels."""
    starts = [max(0, (side - LARGEST) // 2) for side in shape]
    return tuple(slice(start, start + LARGEST) for start in starts)


def scene(images: Mapping[str, np.ndarray], clean: str) -> dict[str, Any]:
    """Returns a scene for the page.

    Args:
        images: In dB, [H, W] each, by name; NaN for no data.
        clean: The one whose median is the middle grey.

    Returns:
        low: dB of level 1; black and white, dB of the first view; top and left, the
        first row and column that are shown; rows, cols; brightest, the pixel to start
        from; images, by name, as data URLs.
    """
    part = middle(images[clean].shape)
    parts = {name: image[part].astype(np.float32) for name, image in images.items()}
    finite = np.concatenate([part[np.isfinite(part)] for part in parts.values()])
    high = float(np.ceil(finite.max())) if finite.size else 0.0
    low = high - RANGE
    shown = parts[clean]
    known = np.where(np.isfinite(shown), shown, low)
    data = known[known > low]
    center = round(float(np.median(data))) if data.size else 0
    return {
        "low": low,
        "black": center - 15,
        "white": center + 15,
        "top": part[0].start,
        "left": part[1].start,
        "rows": shown.shape[0],
        "cols": shown.shape[1],
        "brightest": [int(n) for n in np.unravel_index(known.argmax(), known.shape)],
        "cut": shown.shape != images[clean].shape,
        "images": {name: _address(part, low) for name, part in parts.items()},
    }


def _address(decibel: np.ndarray, low: float) -> str:
    valid = np.isfinite(decibel)
    steps = np.rint((np.where(valid, decibel, low) - low) / STEP) + 1
    grey = np.where(valid, np.clip(steps, 1, LEVELS), 0).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
