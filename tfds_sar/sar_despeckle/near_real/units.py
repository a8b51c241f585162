"""Tells in which units images are stored, from their values, and converts them.

Speckle has a shape of its own. The decibels of an intensity are skew to the dark side,
those of an amplitude as much, but spread by half as far; linear values are skew to the
bright side. More looks bring down spread and skewness of the decibels alike, so that
their ratio tells the unit, whatever the looks are.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgd2jax.sar import radiometry
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError

POWER_UNITS = ("intensity", "amplitude", "decibel")
PHASE_UNITS = ("radians", "degrees", "scaled")

BLOCK = 16  # Pixels, square.
# Distance of the quartiles of the decibels over their skewness (`_Shape`), from the
# quantiles of the gamma distribution: -24.8 for an intensity of one look, -22 of four,
# half of that for an amplitude.
INTENSITY_RATIO = -17.0
SKEW = (
    0.05  # Decibels: -0.28 (one look) to -0.14 (four); intensity +0.5, amplitude +0.2.
)
MAX_DECIBEL = 150.0  # Beyond, a value is no decibel of anything.


@dataclasses.dataclass(frozen=True)
class Span:
    """What all files of a role hold.

    Attributes:
        low, high: Lowest and highest value.
        types: Names of NumPy types.
    """

    low: float
    high: float
    types: frozenset[str]

    def __or__(self, other: "Span") -> "Span":
        return Span(
            min(self.low, other.low),
            max(self.high, other.high),
            self.types | other.types,
        )


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit and how it is known."""

    name: str
    reason: str


def to_power(pixels: np.ndarray, unit: str) -> np.ndarray:
    """Returns linear power, float32, of pixels in one of `POWER_UNITS`."""
    pixels = pixels.astype(np.float32)
    if unit == "amplitude":
        return radiometry.power(pixels)
    return radiometry.from_decibel(pixels) if unit == "decibel" else pixels


def to_radians(pixels: np.ndarray, unit: str, span: Span) -> np.ndarray:
    """Returns radians in (-pi, pi], float32.

    Args:
        pixels: In one of `PHASE_UNITS`.
        unit: Its name.
        span: Of all files: "scaled" values span one turn. Where the turn begins is not
            known, nor does it matter: it turns all samples alike.

    Raises:
        ArchiveError: if that is no turn.
    """
    if unit == "scaled" and span.high == span.low:
        raise ArchiveError(f"all phases are {span.low:g}; leave their files out.")
    turn = {
        "radians": 2 * np.pi,
        "degrees": 360.0,
        "scaled": span.high - span.low + (0 if _is_float(span) else 1),
    }[unit]
    radians = (pixels.astype(np.float64) * (2 * np.pi / turn)).astype(np.float32)
    return radiometry.phase(radiometry.slc(np.ones_like(radians), radians))


def guess_phase(span: Span) -> Unit:
    """Tells the unit of the phase from its span.

    Raises:
        ArchiveError: if no unit fits.
    """
    width = span.high - span.low
    found = f"{span.low:g} to {span.high:g}"
    # So many samples of speckle leave no gap; in three bits they span 5.5.
    if 5 <= width <= 2 * np.pi + 0.01 and _is_float(span):
        return Unit("radians", f"{found}, one turn of radians")
    if 350 <= width <= 361:
        return Unit("degrees", f"{found}, one turn of degrees")
    if not _is_float(span) and width >= 100:
        return Unit("scaled", f"integers of {found}, taken as one turn")
    raise ArchiveError(
        f"phase of {found} ({', '.join(sorted(span.types))}) is neither a turn of "
        f"radians nor of degrees; give --phase_units, one of {', '.join(PHASE_UNITS)}."
    )


def _is_float(span: Span) -> bool:
    return any(name.startswith("float") for name in span.types)


def _blocks(pixels: np.ndarray) -> np.ndarray:
    """Returns [blocks, pixels of a block], float64."""
    rows, cols = (length // BLOCK for length in pixels.shape)
    whole = pixels[: rows * BLOCK, : cols * BLOCK].astype(np.float64)
    blocks = whole.reshape(rows, BLOCK, cols, BLOCK).swapaxes(1, 2)
    return blocks.reshape(rows * cols, -1)


def _homogeneous(reference: np.ndarray) -> np.ndarray:
    """Returns the numbers of the blocks where the reference varies least."""
    low, middle, high = np.quantile(_blocks(reference), (0.25, 0.5, 0.75), axis=1)
    size = np.maximum(np.abs(middle), np.finfo(np.float32).tiny)
    varying = (high - low) / (size if reference.min() >= 0 else 1.0)
    return np.argsort(varying, kind="stable")[: max(1, len(varying) * 3 // 10)]


class _Shape(NamedTuple):
    """Of a distribution: robust, since blocks hold points and zeros, too.

    Attributes:
        quartiles: Distance of the quartiles.
        skewness: (q05 + q95 - 2 q50) / (q95 - q05).
    """

    quartiles: float
    skewness: float


def _shape(values: np.ndarray) -> _Shape:
    q05, q25, q50, q75, q95 = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    width = max(q95 - q05, np.finfo(np.float32).tiny)
    return _Shape(float(q75 - q25), float((q05 + q95 - 2 * q50) / width))


def guess_intensity(
    span: Span, sample: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Unit:
    """Tells the unit of the speckled images from their speckle.

    Args:
        span: Of all of them.
        sample: Some of them, each with its reference, [rows, cols] as stored.

    Raises:
        ArchiveError: if no unit fits.
    """
    blocks = np.concatenate(
        [_blocks(noisy)[_homogeneous(reference)] for noisy, reference in sample]
    )
    middle = np.median(blocks, axis=1, keepdims=True)
    raw = _shape(blocks - middle)
    where = "in homogeneous blocks"
    if raw.skewness < -SKEW and max(-span.low, span.high) < MAX_DECIBEL:
        return Unit(
            "decibel",
            f"skewness {raw.skewness:.2f} {where}, to the dark side as speckle in dB, "
            f"and quartiles {raw.quartiles:.1f} apart (one look: 6.8 dB)",
        )
    if span.types == {"uint8"}:
        return Unit("amplitude", "8-bit images are stretched amplitudes")
    seen = middle[:, 0] > 0
    if span.low >= 0 and seen.any():
        levels = radiometry.decibel(blocks[seen] / middle[seen], floor=1e-9)
        decibel = _shape(levels)
        if decibel.skewness < -SKEW:
            power = decibel.quartiles / decibel.skewness < INTENSITY_RATIO
            return Unit(
                "intensity" if power else "amplitude",
                f"quartiles {decibel.quartiles:.2f} dB apart with skewness "
                f"{decibel.skewness:.2f} {where} (one look: 6.83 and -0.28 as "
                "intensity, 3.41 and -0.28 as amplitude)",
            )
    raise ArchiveError(
        f"intensity of {span.low:g} to {span.high:g} shows no speckle of any unit; "
        f"give --intensity_units, one of {', '.join(POWER_UNITS)}."
    )


def guess_reference(
    span: Span, sample: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Unit:
    """Tells the unit of the references from how the speckled power follows them.

    Args:
        span: Of all references.
        sample: Pairs of speckled power and reference as stored, [rows, cols].
    """
    if span.types == {"uint8"}:
        return Unit("amplitude", "8-bit images are stretched amplitudes")
    units = POWER_UNITS
    if max(-span.low, span.high) > MAX_DECIBEL:
        units = ("intensity", "amplitude")
    elif span.low < 0:
        return Unit("decibel", f"values down to {span.low:g}, below 0")
    follows = {unit: _follows(sample, unit) for unit in units}
    text = ", ".join(
        f"{spread:.2f} dB around {offset:+.2f} dB if {unit}"
        for unit, (spread, offset) in follows.items()
    )
    best = min(spread for spread, _ in follows.values())
    # On one even level all spread alike, and the level itself must tell.
    likely = {u: abs(o) for u, (s, o) in follows.items() if s <= 1.1 * best + 0.05}
    return Unit(min(likely, key=likely.get), f"mean of blocks over reference: {text}")


def _follows(
    sample: Sequence[tuple[np.ndarray, np.ndarray]], unit: str
) -> tuple[float, float]:
    """Returns spread and median of speckled over reference power of blocks, in dB."""
    ratios = []
    for power, reference in sample:
        means = [_blocks(p).mean(axis=1) for p in (power, to_power(reference, unit))]
        both = (means[0] > 0) & (means[1] > 0)
        ratios.append(radiometry.decibel(means[0][both] / means[1][both]))
    low, middle, high = np.quantile(np.concatenate(ratios), (0.25, 0.5, 0.75))
    return float(high - low), float(middle)
