"""Reads every file once, to say what an archive holds and which files do not fit."""

import collections
import dataclasses
import functools
import operator
import statistics
from collections.abc import Sequence

import numpy as np

from tfds_sar.sar_despeckle import tile
from tfds_sar.sar_despeckle.near_real import discovery, formats, units
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError, Member


def read(found: discovery.Found, member: Member) -> np.ndarray:
    """Returns the pixels of one image as stored, [rows, cols].

    Raises:
        FormatError: if it is no image of one band.
        ArchiveError: if it cannot be read at all.
    """
    par = found.par.get(member.name)
    return formats.decode(member.name, member.read(), par.read() if par else None)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is kept of an image.

    Attributes:
        key: Of its pair.
        role: In it.
        name: Of its file.
        shape: (rows, cols).
        span: Of its values.
    """

    key: str
    role: str
    name: str
    shape: tuple[int, int]
    span: units.Span


def _facts(found: discovery.Found, key: str, role: str, member: Member) -> Facts:
    pixels = read(found, member)
    if any(length % tile.SIZE for length in pixels.shape):
        raise formats.FormatError(
            f"of {pixels.shape[0]} x {pixels.shape[1]} pixels is not cut into tiles of "
            f"{tile.SIZE}"
        )
    low, high = float(pixels.min()), float(pixels.max())
    if low == high and role == "intensity":
        raise formats.FormatError(f"is {low:g} all over")
    span = units.Span(low, high, frozenset({pixels.dtype.newbyteorder("=").name}))
    return Facts(key, role, member.name, pixels.shape, span)


def survey(found: discovery.Found) -> dict[str, list[Facts]]:
    """Reads all images of all pairs; those that do not fit go to `found.unfit`.

    Returns:
        {role: facts of each image that fits}.
    """
    by_role: dict[str, list[Facts]] = {role: [] for role in discovery.ROLES}
    for key, members in list(found.pairs.items()):
        facts = []
        for role, member in list(members.items()):
            name = member.name
            try:
                facts.append(_facts(found, key, role, member))
            except (formats.FormatError, ArchiveError) as error:
                reason = str(error).removeprefix(f"{name}: ")
                drop(found, key, role, name, reason)
        if len({one.shape for one in facts}) > 1:
            sizes = ", ".join(f"{one.role} {one.shape}" for one in facts)
            for one in facts:
                reason = f"differs from its partners in size: {sizes}"
                drop(found, key, one.role, one.name, reason)
        for one in facts:
            by_role[one.role].append(one)
    return {
        role: [one for one in facts if role in found.pairs.get(one.key, {})]
        for role, facts in by_role.items()
    }


def drop(found: discovery.Found, key: str, role: str, name: str, reason: str) -> None:
    """Takes a file out: a phase alone, anything else with its partners."""
    found.unfit[name] = reason
    if role == "phase":
        found.pairs.get(key, {}).pop(role, None)
    else:
        found.pairs.pop(key, None)


def usual(role: str, facts: Sequence[Facts]) -> units.Span:
    """Returns what the files of a role span together, odd ones left out.

    One file in degrees among many in radians, or one with values below 0, says nothing
    of the others.
    """
    kind = statistics.mode(_kind(one.span) for one in facts)
    spans = [one.span for one in facts if _kind(one.span) == kind]
    if role == "phase":
        width = statistics.median(span.high - span.low for span in spans)
        spans = [span for span in spans if span.high - span.low <= 1.5 * width]
    elif statistics.median(span.low for span in spans) >= 0:
        spans = [span for span in spans if span.low >= 0]
    return functools.reduce(operator.or_, spans)


def _kind(span: units.Span) -> str:
    """Returns the type, all floating types being one."""
    (name,) = span.types
    return "float" if name.startswith("float") else name


def why_odd(one: Facts, usual: units.Span, unit: str) -> str:
    """Returns why an image cannot be in the unit of its role; empty if it can."""
    span = one.span
    kinds = {_kind(units.Span(0, 0, frozenset({name}))) for name in usual.types}
    if _kind(span) not in kinds:
        return f"is of {_kind(span)}, but most of its role of {', '.join(kinds)}"
    if unit in ("intensity", "amplitude") and span.low < 0:
        return f"is negative at its lowest, {span.low:g}, but holds {unit}"
    wide = 1.1 * (usual.high - usual.low)
    if unit in units.PHASE_UNITS and span.high - span.low > wide:
        return f"spans {span.low:g} to {span.high:g}, but holds {unit}"
    return ""


def describe(role: str, facts: Sequence[Facts]) -> str:
    """Returns one line on the files of a role."""

    def count(values):
        parts = collections.Counter(values).most_common()
        return ", ".join(f"{value} ({number})" for value, number in parts)

    suffixes = count(formats.format_of(one.name) for one in facts)
    types = count(_kind(one.span) for one in facts)
    shapes = count(f"{one.shape[0]} x {one.shape[1]}" for one in facts)
    low = min(one.span.low for one in facts)
    high = max(one.span.high for one in facts)
    return (
        f"{role}: {len(facts)} files, {suffixes}, {types}, {shapes}, values {low:g} to "
        f"{high:g}"
    )
