"""Finds which files are pairs, by the words in the names of folders and files.

`gt/1_20160213.tif` and `1_20160213_gt.tif` say the same. Archives differ in which of
the two they mean, and in whether a pair shares its folder: all four readings are
tried, and the one that makes most pairs is taken.
"""

import collections
import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from tfds_sar.sar_despeckle.near_real import formats
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError, Member

EXPECTED = 936  # Pairs in the published archive (Guan et al., J-STARS 2024).

# Words, in lower case, that say what an image is; the first role with a word in a name
# has it, as `ori_pha` is a phase and `gt_int` a reference. Chinese words have no
# spaces around them.
WORDS = {
    "phase": ("pha", "phase", "相位"),
    "reference": ("gt", "clean", "ref", "reference", "label", "target", "干净", "真值"),
    "intensity": (
        "ori",
        "int",
        "intensity",
        "noisy",
        "noise",
        "input",
        "original",
        "噪声",
        "强度",
        "原始",
    ),
}
ROLES = ("intensity", "phase", "reference")

WANTED = ", ".join(f"{'/'.join(WORDS[role][:2])} for {role}" for role in ROLES)

T = TypeVar("T")

_ROLE_OF = {word: role for role, words in WORDS.items() for word in words}
_CHINESE = "|".join(word for word in _ROLE_OF if not word.isascii())
# Words, numbers: "gt12" has two, and so has "干净图".
_TOKEN = re.compile(rf"{_CHINESE}|(?:(?!{_CHINESE})[^\W\d_])+|\d+")


@dataclasses.dataclass
class Found:
    """What an archive holds.

    Attributes:
        pairs: {key: {role: member}}; a phase may be missing.
        unfit: {name of a file: why it is in no pair}.
        par: {name of an image: member that describes it}.
        ignored: Files of no image format, by suffix.
    """

    pairs: dict[str, dict[str, Member]]
    unfit: dict[str, str]
    par: dict[str, Member]
    ignored: collections.Counter


@dataclasses.dataclass(frozen=True)
class _Image:
    member: Member
    folders: list[list[str]]  # Tokens of each folder, the deepest first.
    stem: list[str]  # Tokens of the file's name.

    def role(self, name_first: bool) -> str | None:
        """Returns the role in the first name that has one."""
        places = (
            [self.stem, *self.folders] if name_first else [*self.folders, self.stem]
        )
        for tokens in places:
            for role, words in WORDS.items():
                if not set(words).isdisjoint(tokens):
                    return role
        return None

    def key(self, with_folders: bool) -> str:
        """Returns what the images of a pair have in common."""
        parts = [*reversed(self.folders), self.stem] if with_folders else [self.stem]
        plain = ["_".join(t for t in part if t not in _ROLE_OF) for part in parts]
        return "/".join(part for part in plain if part) or "pair"


def _tokens(name: str) -> list[str]:
    return _TOKEN.findall(re.sub(r"ground[\W_]*truth", "gt", name))


def _image(member: Member) -> _Image:
    *folders, name = member.name.lower().split("/")
    return _Image(
        member,
        [_tokens(folder.removesuffix(".zip")) for folder in reversed(folders)],
        _tokens(formats.stem(name)),
    )


def _pairs(
    images: Sequence[_Image], name_first: bool, with_folders: bool
) -> tuple[dict[str, dict[str, Member]], dict[str, str]]:
    """Returns the complete pairs of one reading, and why other files are in none."""
    named: dict[str, dict[str, list[Member]]] = {}
    unfit = {}
    for image in images:
        role = image.role(name_first)
        if role is None:
            unfit[image.member.name] = f"has no word of a role in its name ({WANTED})"
            continue
        roles = named.setdefault(image.key(with_folders), {})
        roles.setdefault(role, []).append(image.member)
    pairs = {}
    for key, roles in sorted(named.items()):
        members = {role: same[0] for role, same in roles.items() if len(same) == 1}
        for role, same in roles.items():
            for member in same if role not in members else ():
                others = ", ".join(other.name for other in same if other != member)
                unfit[member.name] = f"{role} with the name of {others}"
        missing = [role for role in ("intensity", "reference") if role not in members]
        if not missing:
            pairs[key] = members
            continue
        for role, member in members.items():
            unfit[member.name] = f"{role} with no {' and no '.join(missing)}"
    return _without_wrapper(pairs), unfit


def _without_wrapper(pairs: dict[str, T]) -> dict[str, T]:
    """Drops the folders shared by all: how an archive is packed is no name."""
    folders = {tuple(key.split("/")[:-1]) for key in pairs}
    if len(folders) != 1:
        return pairs
    return {key.rsplit("/", 1)[-1]: value for key, value in pairs.items()}


def find(members: Sequence[Member]) -> Found:
    """Finds the pairs among files, by name alone.

    Args:
        members: All files below a folder.

    Returns:
        Pairs and what is in none.

    Raises:
        ArchiveError: if there is not one pair.
    """
    images, unfit, par = [], {}, {}
    ignored: collections.Counter = collections.Counter()
    names = {member.name: member for member in members}
    for name, member in names.items():
        suffix = formats.format_of(name)
        if suffix in formats.FORMATS:
            images.append(_image(member))
            for described in (f"{name}.par", name.removesuffix(suffix) + ".par"):
                if described in names:
                    par[name] = names[described]
        elif suffix in formats.PACKED:
            unfit[name] = f"is packed as {suffix}; unpack it or write it as .tif"
        else:
            ignored[suffix or "no suffix"] += 1
    readings = [
        _pairs(images, name_first, with_folders)
        for name_first, with_folders in itertools.product((False, True), (True, False))
    ]
    pairs, lonely = max(readings, key=lambda reading: len(reading[0]))
    unfit.update(lonely)
    if not pairs:
        others = f" Not read: {kinds(ignored)}." if ignored else ""
        raise ArchiveError(
            f"no pairs among {len(images)} files of {', '.join(formats.FORMATS)}; "
            f"names of folders or files must tell the role ({WANTED}) and be alike "
            f"otherwise.{others}{listing(unfit)}"
        )
    return Found(pairs, unfit, par, ignored)


def kinds(ignored: Mapping[str, int]) -> str:
    """Returns how many files of each suffix there are."""
    return ", ".join(f"{count} of {name}" for name, count in sorted(ignored.items()))


def listing(unfit: Mapping[str, str]) -> str:
    """Returns one line for each file, to follow a sentence; empty for none."""
    return "".join(f"\n  {name}: {reason}" for name, reason in sorted(unfit.items()))
