"""Files of a folder and of the zip archives in it, read on demand.

Zip archives count as folders, also one in another. Nothing is unpacked, so a member
never becomes a path; names that would leave the folder show that an archive is not
what was published, and are refused.
"""

import contextlib
import dataclasses
import os
import re
import stat
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Protocol

from etils import epath

MAX_BYTES = 50 * 10**9  # Unpacked, all archives together; the pairs need under 1 GB.
MAX_FILE_BYTES = 2 * 10**9  # Of one image.
MAX_DEPTH = 4  # Archives within archives; one that holds itself has no end.
_CHUNK = 1 << 20

# What desktops and packers leave behind.
_LITTER = re.compile(r"(^|/)(__MACOSX|\.[^/]*|Thumbs\.db|desktop\.ini)(/|$)", re.I)


class ArchiveError(ValueError):
    """An archive that does not hold pairs as expected; the message names the mend."""


class Member(Protocol):
    """One file.

    Attributes:
        name: Path below the folder, with "/", through archives: "a.zip/gt/1.tif".
    """

    name: str

    def read(self) -> bytes:
        """Returns the content; raises ArchiveError if it cannot be read."""


@dataclasses.dataclass(frozen=True)
class _File:
    name: str
    path: epath.Path

    def read(self) -> bytes:
        if self.path.stat().length > MAX_FILE_BYTES:
            raise ArchiveError(f"{self.name}: is larger than any image; remove it.")
        return self.path.read_bytes()


@dataclasses.dataclass(frozen=True)
class _Zipped:
    name: str
    zip: zipfile.ZipFile
    info: zipfile.ZipInfo

    def read(self) -> bytes:
        if self.info.file_size > MAX_FILE_BYTES:
            raise ArchiveError(f"{self.name}: is larger than any image; remove it.")
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yields the content, never more than the archive declares."""
        left = self.info.file_size
        with _readable(self.name), self.zip.open(self.info) as file:
            while chunk := file.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise zipfile.BadZipFile("it holds more than it declares")
                yield chunk


@contextlib.contextmanager
def _readable(name: str):
    """Turns what zipfile raises on damage into an ArchiveError."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,  # A method of compression that Python lacks.
        RuntimeError,  # Encrypted.
        ValueError,
    ) as error:
        raise ArchiveError(
            f"{name}: cannot be read; is it whole? Copy it again. ({error})"
        ) from error


class Archive:
    """All files below a folder; open as long as it is referred to."""

    def __init__(self, folder: epath.PathLike):
        """Lists the files.

        Args:
            folder: What holds the published files, zipped or not.

        Raises:
            ArchiveError: if a zip archive is damaged, encrypted, unsafe or too large.
        """
        self._files = contextlib.ExitStack()
        weakref.finalize(self, self._files.close)
        self._left = MAX_BYTES
        self._folders = {os.path.realpath(folder)}
        self.members: list[Member] = []
        self._add_folder("", epath.Path(folder))

    def _add_folder(self, prefix: str, folder: epath.Path) -> None:
        for path in sorted(folder.iterdir()):
            name = prefix + path.name
            if _LITTER.search(name):
                continue
            if path.is_dir():
                real = os.path.realpath(path)
                if real not in self._folders:  # Links may lead around in circles.
                    self._folders.add(real)
                    self._add_folder(f"{name}/", path)
            elif not os.path.isfile(path):  # A pipe would never end.
                raise ArchiveError(f"{name}: is no plain file; remove it.")
            elif _is_zip(name):
                self._add_zip(name, self._files.enter_context(path.open("rb")), 1)
            else:
                self.members.append(_File(name, path))

    def _add_zip(self, name: str, file: IO[bytes], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ArchiveError(
                f"{name}: is an archive in {MAX_DEPTH} others; unpack it yourself."
            )
        with _readable(name):
            archive = self._files.enter_context(zipfile.ZipFile(file))
        for info in archive.infolist():
            inside = _name(info)
            _check_safe(name, inside, info)
            self._left -= info.file_size
            if self._left < 0:
                raise ArchiveError(
                    f"{name}: would unpack to more than {MAX_BYTES / 1e9:g} GB, which "
                    "the published pairs do not; fetch the archive again."
                )
            member = _Zipped(f"{name}/{inside}", archive, info)
            if inside.endswith("/") or _LITTER.search(inside):
                continue
            if _is_zip(inside):
                self._add_zip(member.name, self._spool(member), depth + 1)
            else:
                self.members.append(member)

    def _spool(self, member: _Zipped) -> IO[bytes]:
        """Returns an archive within an archive as a file that can be sought in."""
        file = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        for chunk in member.chunks():
            file.write(chunk)
        return file


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _name(info: zipfile.ZipInfo) -> str:
    """Returns a member's name, also of packers that write it in GBK or bare UTF-8.

    Some write backslashes for slashes.
    """
    name = info.orig_filename
    if not info.flag_bits & 0x800:  # Unless marked as UTF-8, taken as code page 437.
        for encoding in ("utf-8", "gb18030"):
            with contextlib.suppress(UnicodeError):
                name = info.orig_filename.encode("cp437").decode(encoding)
                break
    return name.replace("\\", "/")


def _check_safe(archive: str, name: str, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x1:
        raise ArchiveError(
            f"{archive}: {name} is encrypted; unpack it with its password."
        )
    if (
        name.startswith("/")
        or ".." in name.split("/")
        or re.match("[A-Za-z]:", name)
        or "\0" in name
        or stat.S_ISLNK(info.external_attr >> 16)
    ):
        raise ArchiveError(
            f"{archive}: {name!r} is a link or points out of the archive, which the "
            "published one has no need of; fetch the archive again."
        )
