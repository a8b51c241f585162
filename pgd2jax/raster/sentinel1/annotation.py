"""What an annotation says: bursts, and vectors for calibration and noise.

Source: "Sentinel-1 Product Specification", S1-RS-MDA-52-7441.
"""

from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

MOST_LINES = 1_000_000  # Of an image; a slice of 27 s has 13,500.


class Burst(NamedTuple):
    """A burst of an SLC image in TOPS mode.

    Attributes:
        rows: Of the image.
        first, last: [rows], first and last column with data of each row, both -1
            where it has none.
    """

    rows: slice
    first: np.ndarray
    last: np.ndarray


class Clock(NamedTuple):
    """When the rows of an image were recorded.

    Attributes:
        lines: [rows], of each row, counted from the first in steps of the sampling in
            azimuth; they go back where a burst begins.
        start: Of the first burst; None of SM and GRD.
        step: Seconds from line to line.
    """

    lines: np.ndarray
    start: np.datetime64 | None = None
    step: float = 1.0

    def line(self, element: Element) -> float:
        """Returns the line of a burst or vector.

        Where there are bursts it is told by the time: the number that goes with the
        range noise of TOPS images is off by a burst or two.
        """
        if self.start is None:
            return float(text(element, "line"))
        return _since(self.start, element) / self.step


class Vectors(NamedTuple):
    """Values along some lines of an image, to be interpolated between them.

    Attributes:
        lines: [N], rising; may lie outside of the image.
        columns: [N] arrays of columns.
        values: [N] arrays, one value a column.
        clock: [rows], the line of each row of the image.
    """

    lines: np.ndarray
    columns: list[np.ndarray]
    values: list[np.ndarray]
    clock: np.ndarray


class AzimuthNoise(NamedTuple):
    """How the noise of a part of an image changes from row to row.

    Attributes:
        rows, cols: The part.
        lines: [N], rising; rows of the image.
        values: [N], to be multiplied with those across the lines.
    """

    rows: slice
    cols: slice
    lines: np.ndarray
    values: np.ndarray


def text(root: Element, path: str) -> str:
    """Returns the text of an element.

    Raises:
        ValueError: if it is not there.
    """
    found = root.findtext(path)
    if found is None:
        raise ValueError(f"its annotation lacks {path}")
    return found.strip()


def _array(root: Element, path: str, dtype: type) -> np.ndarray:
    return np.array(text(root, path).split(), dtype)


def _since(start: np.datetime64, element: Element) -> float:
    """Returns how many seconds after `start` a burst or vector was recorded."""
    time = np.datetime64(text(element, "azimuthTime"))
    return (time - start) / np.timedelta64(1, "s")


def bursts(root: Element, rows: int) -> tuple[Burst, ...]:
    """Returns the bursts of an image from top to bottom; none of SM and GRD.

    Raises:
        ValueError: if they do not add up to the image's rows.
    """
    found = root.findall("swathTiming/burstList/burst")
    if not found:
        return ()
    height = int(text(root, "swathTiming/linesPerBurst"))
    if height < 1 or height * len(found) != rows:
        raise ValueError(
            f"{len(found)} bursts of {height} lines are not the {rows} of its TIFF"
        )
    result = []
    for number, burst in enumerate(found):
        limits = [
            _array(burst, name, int) for name in ("firstValidSample", "lastValidSample")
        ]
        if any(limit.shape != (height,) for limit in limits):
            raise ValueError(f"burst {number + 1} has not {height} lines")
        result.append(Burst(slice(number * height, (number + 1) * height), *limits))
    return tuple(result)


def clock(root: Element, rows: int) -> Clock:
    """Returns when the rows of an image were recorded, by the times of its bursts."""
    found = root.findall("swathTiming/burstList/burst")
    if not found:
        return Clock(np.arange(rows))
    step = float(text(root, "imageAnnotation/imageInformation/azimuthTimeInterval"))
    start = np.datetime64(text(found[0], "azimuthTime"))
    seconds = np.array([_since(start, burst) for burst in found])
    if not (step > 0 and (np.abs(seconds) < MOST_LINES * step).all()):
        raise ValueError("the times in its annotation are damaged")
    begin = np.round(seconds / step).astype(int)
    lines = np.add.outer(begin, np.arange(rows // len(found)))
    return Clock(lines.ravel(), start, step)


def _rises(places: np.ndarray, values: np.ndarray) -> bool:
    """Returns whether there is a value for each of some rising places."""
    return len(places) == len(values) > 0 and bool((np.diff(places) > 0).all())


def vectors(root: Element, item: str, value: str, when: Clock) -> Vectors:
    """Returns the vectors of a list.

    Args:
        root: Of the annotation.
        item: Path of the vectors.
        value: Name of the values.
        when: Of the image.

    Raises:
        ValueError: if there are none, or the columns do not rise, or are not as many
            as the values.
    """
    found = [
        (when.line(e), _array(e, "pixel", np.float64), _array(e, value, float))
        for e in root.findall(item)
    ]
    whole = [np.isfinite(line) and _rises(c, v) for line, c, v in found]
    if not whole or not all(whole):
        raise ValueError(f"its annotation lacks whole vectors of {value}")
    lines, columns, values = zip(*sorted(found, key=lambda v: v[0]), strict=True)
    return Vectors(np.array(lines), list(columns), list(values), when.lines)


def noise(
    root: Element, shape: tuple[int, int], when: Clock
) -> tuple[Vectors, tuple[AzimuthNoise, ...]]:
    """Returns the power of thermal noise across lines, and its factors along them.

    The factors are absent before version 2.9 of ESA's processor, from March 2018.

    Args:
        root: Of the annotation of noise.
        shape: (rows, cols) of the image, which a part covers if it says no bounds.
        when: Of the image.
    """
    if root.find("noiseVectorList") is not None:
        return vectors(root, "noiseVectorList/noiseVector", "noiseLut", when), ()
    item = "noiseRangeVectorList/noiseRangeVector"
    across = vectors(root, item, "noiseRangeLut", when)
    along = []
    for part in root.findall("noiseAzimuthVectorList/noiseAzimuthVector"):

        def span(first, last, length, part=part):
            start = int(part.findtext(first, "0"))
            return slice(start, int(part.findtext(last, f"{length - 1}")) + 1)

        lines = _array(part, "line", np.float64)
        values = _array(part, "noiseAzimuthLut", np.float64)
        if not _rises(lines, values):
            raise ValueError("its annotation lacks whole vectors of noiseAzimuthLut")
        along.append(
            AzimuthNoise(
                span("firstAzimuthLine", "lastAzimuthLine", shape[0]),
                span("firstRangeSample", "lastRangeSample", shape[1]),
                lines,
                values,
            )
        )
    return across, tuple(along)
