"""The configuration near_real: from files as they are found to examples."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, MutableMapping, Sequence

import numpy as np
from absl import logging

from pgd2jax.sar import looks as sar_looks
from pgd2jax.sar import pixels as sar_pixels
from pgd2jax.sar import radiometry, slc
from tfds_sar.sar_despeckle import tile
from tfds_sar.sar_despeckle.near_real import discovery, grounds, survey, units
from tfds_sar.sar_despeckle.near_real.archive import Archive, ArchiveError

AUTO = "auto"
SAMPLE = 32  # Pairs to tell units from.
MAX_OFFSET = 1.0  # dB between speckled images and references.
MAX_EMPTY = 0.1  # Part of a tile without data, over which it is no pair.


@dataclasses.dataclass(frozen=True)
class _Pairs:
    """All pairs that fit, and how their files are to be taken.

    Attributes:
        archive: What the files are read from, kept open as long as they are needed.
        found: The files.
        units: {role: unit}.
        turn: What the phases span.
    """

    archive: Archive
    found: discovery.Found
    units: Mapping[str, units.Unit]
    turn: units.Span | None

    def read(self, key: str, role: str) -> np.ndarray:
        """Returns linear power or radians, [rows, cols] float32."""
        pixels = survey.read(self.found, self.found.pairs[key][role])
        unit = self.units[role].name
        if role == "phase":
            return units.to_radians(pixels, unit, self.turn)
        return units.to_power(pixels, unit)


@dataclasses.dataclass(frozen=True)
class _Tile:
    """A tile of a pair, and what is known of it before it is written.

    Attributes:
        key: Of the pair.
        name: Of the tile: the key, and its place in a larger image.
        window: (row slice, column slice) in the pair's images.
        view: Of the reference.
        ratio: Mean intensity over mean reference; 0 where a mean is.
    """

    key: str
    name: str
    window: tuple[slice, slice]
    view: grounds.View
    ratio: float


def _windows(shape: tuple[int, int]) -> Iterator[tuple[str, tuple[slice, slice]]]:
    """Yields (suffix of the name, window) of each tile; no suffix for a single one."""
    size = tile.SIZE
    for row, col in itertools.product(*(range(0, length, size) for length in shape)):
        suffix = f"_r{row}_c{col}" if max(shape) > size else ""
        yield suffix, (slice(row, row + size), slice(col, col + size))


def _cut(pairs: _Pairs) -> tuple[list[_Tile], int]:
    """Returns the tiles, and the number of those left out as they hold no data."""
    tiles, empty = [], 0
    for key in pairs.found.pairs:
        intensity, reference = (pairs.read(key, r) for r in ("intensity", "reference"))
        for suffix, window in _windows(reference.shape):
            cut = intensity[window], reference[window]
            if max(sar_pixels.no_data(image).mean() for image in cut) > MAX_EMPTY:
                empty += 1
                continue
            means = [float(image.mean()) for image in cut]
            ratio = means[0] / means[1] if min(means) > 0 else 0.0
            view = grounds.view(cut[1])
            tiles.append(_Tile(key, key + suffix, window, view, ratio))
    return tiles, empty


def _calibration(tiles: Sequence[_Tile]) -> float:
    """Returns the median offset of intensity to reference in dB; warns if it is far."""
    ratios = np.array([one.ratio for one in tiles if one.ratio > 0] or [1.0])
    low, offset, high = np.quantile(radiometry.decibel(ratios), (0.25, 0.5, 0.75))
    if abs(offset) > MAX_OFFSET or high - low > 2 * MAX_OFFSET:
        logging.warning(
            "Intensity is %+.2f dB off its reference (median over tiles; quartiles "
            "%+.2f and %+.2f): they are not on one scale, and a network would learn "
            "the offset. Check --intensity_units and --reference_units.",
            *(offset, low, high),
        )
    return float(offset)


def generate(
    pairs: _Pairs,
    tiles: Sequence[_Tile],
    names: Sequence[str],
    notes: MutableMapping[str, int],
) -> Iterator[tuple[int, tile.Example]]:
    """Yields (number, example) of tiles in order; see the features of the builder.

    Args:
        pairs: Files.
        tiles: To yield; those of one pair follow each other.
        names: Of the ground of each.
        notes: Counts why phases were left out.
    """
    numbered = enumerate(zip(tiles, names, strict=True))
    for key, group in itertools.groupby(numbered, lambda item: item[1][0].key):
        images = {role: pairs.read(key, role) for role in pairs.found.pairs[key]}
        for number, (one, scene) in group:
            cut = {role: image[one.window] for role, image in images.items()}
            why_not = "no file of phase"
            if "phase" in cut:
                why_not = slc.why_not_slc(cut["intensity"], cut["phase"])
            if why_not:
                reason = why_not.split(" (")[0]
                notes[reason] = notes.get(reason, 0) + 1
            looks = 1.0
            if why_not:
                looks = round(sar_looks.estimate(cut["intensity"]), 1)
            yield (
                number,
                tile.example(
                    cut["intensity"],
                    cut.get("phase"),
                    cut["reference"],
                    phase_note=why_not,
                    looks=looks,
                    speckle="measured",
                    id=one.name,
                    scene=scene,
                ),
            )


@dataclasses.dataclass(kw_only=True)
class NearReal(tile.SarConfig):
    """The published Sentinel-1 pairs.

    Attributes:
        skip_invalid: Whether to go on without the files that do not fit.
        intensity_units, reference_units: One of `units.POWER_UNITS`, or "auto".
        phase_units: One of `units.PHASE_UNITS`, or "auto".
    """

    skip_invalid: bool = False
    intensity_units: str = AUTO
    reference_units: str = AUTO
    phase_units: str = AUTO

    def examples(
        self, manual_dir: str | None, metadata: dict
    ) -> Mapping[str, tile.Examples]:
        """Returns the examples of each split, by ground.

        Raises:
            ArchiveError: if the files do not make pairs; the message names the mend.
        """
        pairs = self._pairs(manual_dir)
        tiles, empty = _cut(pairs)
        if not tiles:
            raise ArchiveError(
                f"{manual_dir}: all {empty} tiles hold zeros over more than a tenth, "
                "in squares, which are no data."
            )
        offset = _calibration(tiles)
        groups = grounds.group([one.key for one in tiles], [one.view for one in tiles])
        logging.info("%d tiles: %s.", len(tiles), groups.report())
        dealt = grounds.deal(groups.names)
        notes: dict[str, int] = {}
        metadata.update(
            options=self.options(),
            pairs=len(pairs.found.pairs),
            skipped=pairs.found.unfit,
            units={
                role: dataclasses.asdict(unit) for role, unit in pairs.units.items()
            },
            intensity_over_reference_decibel=offset,
            grounds=groups.report(),
            rejected={"no data": empty} if empty else {},
            tiles_without_phase=notes,
        )
        return {
            split: generate(
                pairs,
                [tiles[i] for i in numbers],
                [groups.names[i] for i in numbers],
                notes,
            )
            for split, numbers in dealt.items()
        }

    def _pairs(self, manual_dir: str) -> _Pairs:
        archive = Archive(manual_dir)
        found = discovery.find(archive.members)
        facts = survey.survey(found)
        for role, files in facts.items():
            if files:
                logging.info("%s.", survey.describe(role, files))
        if not found.pairs:
            raise ArchiveError(
                f"{manual_dir}: none of the pairs can be used."
                + discovery.listing(found.unfit)
            )
        usual = {
            role: survey.usual(role, files) for role, files in facts.items() if files
        }
        try:
            chosen = self._units(found, usual)
        except ArchiveError as error:  # All that is wrong is said at once.
            rest = discovery.listing(found.unfit)
            others = f"\nNor do these files fit:{rest}" if rest else ""
            raise ArchiveError(f"{manual_dir}: {error}{others}") from error
        for role, files in facts.items():
            for one in files:
                odd = survey.why_odd(one, usual[role], chosen[role].name)
                if odd:
                    survey.drop(found, one.key, role, one.name, odd)
        self._report(manual_dir, found)
        return _Pairs(archive, found, chosen, usual.get("phase"))

    def _units(
        self, found: discovery.Found, usual: Mapping[str, units.Span]
    ) -> dict[str, units.Unit]:
        """Returns the unit of each role, as given or as told from a sample."""
        keys = list(found.pairs)
        sample = [
            tuple(
                survey.read(found, found.pairs[key][role])
                for role in ("intensity", "reference")
            )
            for key in keys[:: -(-len(keys) // SAMPLE)]
        ]
        given = "given on the command line"

        def choose(name, guess):
            return guess() if name == AUTO else units.Unit(name, given)

        chosen = {
            "intensity": choose(
                self.intensity_units,
                lambda: units.guess_intensity(usual["intensity"], sample),
            )
        }
        powers = [(units.to_power(i, chosen["intensity"].name), r) for i, r in sample]
        chosen["reference"] = choose(
            self.reference_units,
            lambda: units.guess_reference(usual["reference"], powers),
        )
        if "phase" in usual:
            chosen["phase"] = choose(
                self.phase_units, lambda: units.guess_phase(usual["phase"])
            )
        for role, unit in chosen.items():
            logging.info("%s taken as %s: %s.", role, unit.name, unit.reason)
        return chosen

    def _report(self, manual_dir: str, found: discovery.Found) -> None:
        """Says what was found; stops at files that do not fit, unless told not to."""
        if found.ignored:
            kinds = discovery.kinds(found.ignored)
            logging.info("Files of no image format: %s.", kinds)
        if len(found.pairs) != discovery.EXPECTED:
            logging.warning(
                "%d pairs, but %d were published.",
                *(len(found.pairs), discovery.EXPECTED),
            )
        without = sum("phase" not in members for members in found.pairs.values())
        if without:
            logging.warning("%d of %d pairs have no phase.", without, len(found.pairs))
        if not found.unfit:
            return
        listing = discovery.listing(found.unfit)
        if not self.skip_invalid:
            raise ArchiveError(
                f"{manual_dir}: {len(found.unfit)} files do not fit; mend or remove "
                f"them, or go on without them by --skip_invalid.{listing}"
            )
        logging.warning(
            "Left out %d files that do not fit.%s", len(found.unfit), listing
        )
