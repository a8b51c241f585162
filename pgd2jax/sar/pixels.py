"""What the pixels of a file mean: kind, linear power, no data."""

import numpy as np
from scipy import ndimage

from pgd2jax.sar import radiometry

KINDS = ("auto", "slc", "intensity", "amplitude")
DECIBELS = ("db", "decibel", "decibels")  # Ends of units, as intensity_db of SNAP.

# Zeros are data where single (quantised sea) and no data where they fill a square.
EMPTY = 5

ROWS = 64  # Looked at together: what is worked out of them stays in a core's cache.


def kind_of(pixels: np.ndarray, kind: str = "auto") -> str:
    """Returns what the pixels of a file mean.

    Args:
        pixels: [H, W]; or anything that has their dtype, and maybe a unit.
        kind: One of `KINDS`; "auto" takes complex for slc, integers, as in Sentinel-1
            GRD products, for amplitude, and other real pixels for what their unit
            says, else for intensity.

    Raises:
        ValueError: if the type of the pixels cannot mean `kind`, or "auto" finds
            decibels.
    """
    complex_pixels = pixels.dtype.kind == "c"
    if kind == "auto":
        if complex_pixels:
            return "slc"
        unit = str(getattr(pixels, "unit", "")).casefold()
        if unit.endswith(DECIBELS):
            raise ValueError(
                "its unit is decibels; take linear power, as --unit intensity writes."
            )
        integers = pixels.dtype.kind in "ui"
        return "amplitude" if integers or unit == "amplitude" else "intensity"
    if (kind == "slc") != complex_pixels:
        raise ValueError(f"{pixels.dtype=} cannot be taken as {kind}.")
    return kind


def intensity_of(pixels: np.ndarray, kind: str = "auto") -> np.ndarray:
    """Returns the linear power of a file's pixels, [H, W] float32; see `kind_of`."""
    found = kind_of(pixels, kind)
    if found == "slc":
        return radiometry.intensity(pixels)
    with np.errstate(over="ignore"):  # What is too large is no data.
        pixels = pixels.astype(np.float32)
    if found == "intensity":
        return pixels
    if (pixels < 0).any():
        raise ValueError("its amplitude is negative in places; is it in decibels?")
    return radiometry.power(pixels)


def no_data(samples: np.ndarray) -> np.ndarray:
    """Returns where an image holds no data, bool [H, W].

    That is where its intensity is not finite, and where whole squares of `EMPTY`
    pixels, or a side shorter than that, are zero.

    Args:
        samples: [H, W], complex samples or linear power.
    """
    zero, known = np.empty((2, *samples.shape), bool)
    for start in range(0, len(samples), ROWS):
        rows = slice(start, start + ROWS)
        power = samples[rows]
        if np.iscomplexobj(power):
            power = radiometry.intensity(power)
        np.equal(power, 0, out=zero[rows])
        np.isfinite(power, out=known[rows])
    if zero.any():
        # An opening, row- and column-wise: mode "nearest" goes on beyond the borders.
        size = tuple(min(EMPTY, side) for side in samples.shape)
        filled = np.pad(zero, EMPTY, mode="edge").view(np.uint8)
        filled = ndimage.minimum_filter(filled, size)
        odd = tuple(-1 if side % 2 == 0 else 0 for side in size)
        if filled.any():
            filled = ndimage.maximum_filter(filled, size, origin=odd)
        zero = filled[EMPTY:-EMPTY, EMPTY:-EMPTY].astype(bool)
    return zero | ~known


def power_of(samples: np.ndarray) -> np.ndarray:
    """Returns the linear power of complex samples, or of power itself, float32.

    Raises:
        ValueError: if power is negative.
    """
    if np.iscomplexobj(samples):
        return radiometry.intensity(samples)
    power = samples.astype(np.float32, copy=False)
    with np.errstate(invalid="ignore"):
        lowest = power.min(initial=0, where=np.isfinite(power))
    if lowest < 0:
        raise ValueError(
            f"its lowest pixel is {lowest:g}, but power is never negative; convert "
            "decibels to linear power first."
        )
    return power


def samples_of(pixels: np.ndarray, kind: str = "auto") -> np.ndarray:
    """Returns what a time series is made of.

    Args:
        pixels: [H, W].
        kind: As for `kind_of`.

    Returns:
        Complex samples as complex64, all else as float32 linear power, [H, W], NaN
        where there is no data.

    Raises:
        ValueError: if the pixels cannot mean `kind`, or power is negative.
    """
    power = intensity_of(pixels, kind)
    slc = kind_of(pixels, kind) == "slc"
    samples = pixels.astype(np.complex64) if slc else power
    missing = no_data(power)
    if not slc and (pixels[~missing] < 0).any():
        raise ValueError("is negative in places; it must be linear, not in decibels.")
    return np.where(missing, np.array(np.nan, samples.dtype), samples)
