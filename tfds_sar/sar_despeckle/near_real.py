"""The published pairs, from the folder where the user unpacked them.

The archive's layout is not documented. Roles are told by the names of folders, pairs
by equal file names: `gt/1_20160213.tif`, `ori/1_20160213.tif`, `pha/1_20160213.tif`.
"""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np
from absl import logging

from pgd2jax import raster
from tfds_sar.sar_despeckle import tile

EXPECTED = 936  # Pairs in the published archive (Guan et al., J-STARS 2024).

# Folder names, in lower case, that say what its images are.
ROLES = {
    "reference": ("gt", "clean", "ref", "reference", "label", "target"),
    "intensity": ("ori", "int", "intensity", "noisy", "noise", "input"),
    "phase": ("pha", "phase"),
}


class ArchiveError(ValueError):
    """A folder that does not hold pairs as expected; the message names the mend."""


def find(folder: pathlib.Path) -> dict[str, dict[str, pathlib.Path]]:
    """Finds the pairs under a folder.

    Args:
        folder: What the archive was unpacked into, at any depth.

    Returns:
        {stem: {role: path}}, every stem with a reference and an intensity, and all
        stems with a phase or none.

    Raises:
        ArchiveError: if there are no pairs, or files without a partner.
    """
    role_of = {name: role for role, names in ROLES.items() for name in names}
    found: dict[str, dict[str, pathlib.Path]] = {role: {} for role in ROLES}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        role = role_of.get(path.parent.name.lower())
        if role and path.suffix.lower() in raster.FORMATS:
            if path.stem in found[role]:
                raise ArchiveError(
                    f"{path} and {found[role][path.stem]} have the same role and "
                    "name; keep one."
                )
            found[role][path.stem] = path
    counts = ", ".join(f"{len(paths)} {role}" for role, paths in found.items())
    if not found["reference"] or not found["intensity"]:
        raise ArchiveError(
            f"{folder}: found {counts}; unpack the archive there, one folder a role "
            f"({', '.join(names[0] for names in ROLES.values())})."
        )
    needed = [role for role, paths in found.items() if paths]
    stems = set().union(*found.values())
    lonely = sorted(
        f"{stem} (no {role})"
        for stem in stems
        for role in needed
        if stem not in found[role]
    )
    if lonely:
        raise ArchiveError(
            f"{folder}: found {counts}, but {len(lonely)} without a partner: "
            f"{', '.join(lonely[:10])}; add or remove these files."
        )
    logging.info("%s: found %s.", folder, counts)
    if len(stems) != EXPECTED:
        logging.warning("%s: %d pairs, not %d.", folder, len(stems), EXPECTED)
    return {
        stem: {role: found[role][stem] for role in needed} for stem in sorted(stems)
    }


def ground(stem: str) -> str:
    """Returns the name of the ground: `1_20160213` shows ground 1 on a date."""
    return stem.split("_")[0]


def splits(stems: Mapping[str, object]) -> dict[str, list[str]]:
    """Deals whole grounds to train, validation and test, about 8 : 1 : 1.

    Raises:
        ArchiveError: if there are fewer than three grounds.
    """
    grounds = sorted({ground(stem) for stem in stems})
    tenth = max(1, len(grounds) // 10)
    if len(grounds) == len(stems):
        logging.warning(
            "Every file has a ground of its own (%s, ...): files that show the same "
            "ground must be named GROUND_DATE, or it may be in two splits.",
            grounds[0],
        )
    if len(grounds) < 3:
        raise ArchiveError(
            f"{len(grounds)} grounds ({', '.join(grounds)}) cannot be split in three; "
            "files are named GROUND_DATE."
        )
    part = dict.fromkeys(grounds, "train")
    part.update(dict.fromkeys(grounds[-2 * tenth : -tenth], "validation"))
    part.update(dict.fromkeys(grounds[-tenth:], "test"))
    dealt: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for stem in stems:
        dealt[part[ground(stem)]].append(stem)
    return dealt


def _image(path: pathlib.Path, size: int) -> np.ndarray:
    pixels = raster.read(path).pixels.astype(np.float32)
    if pixels.shape != (size, size):
        raise ArchiveError(f"{path}: {pixels.shape=}, but {(size, size)} is needed.")
    if not np.isfinite(pixels).all():
        raise ArchiveError(f"{path}: has pixels that are not finite; remove the pair.")
    return pixels


def generate(
    pairs: Mapping[str, Mapping[str, pathlib.Path]], stems: list[str], size: int
) -> Iterator[tuple[int, tile.Example]]:
    """Yields (number, example) for the stems; see the features of the builder."""
    for number, stem in enumerate(stems):
        images = {role: _image(path, size) for role, path in pairs[stem].items()}
        for role in ("intensity", "reference"):
            if images[role].min() < 0:
                raise ArchiveError(
                    f"{pairs[stem][role]}: is negative at its lowest, "
                    f"{images[role].min():g}, but linear power is needed."
                )
        phase = images.get("phase")
        if phase is not None and np.abs(phase).max() > np.pi + 1e-3:
            raise ArchiveError(
                f"{pairs[stem]['phase']}: reaches {np.abs(phase).max():g}, but radians "
                "within pi are needed."
            )
        yield (
            number,
            tile.example(
                images["intensity"],
                phase,
                images["reference"],
                phase_note="" if "phase" in images else "no file of phase",
                looks=1,
                speckle="measured",
                id=stem,
                scene=ground(stem),
            ),
        )


@dataclasses.dataclass(kw_only=True)
class NearReal(tile.SarConfig):
    """The published Sentinel-1 pairs."""

    def examples(
        self, manual_dir: str | None, metadata: dict
    ) -> Mapping[str, tile.Examples]:
        """Returns the examples of each split, by ground."""
        pairs = find(manual_dir)
        return {
            split: generate(pairs, stems, tile.SIZE)
            for split, stems in splits(pairs).items()
        }
