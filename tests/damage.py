"""What disks and copies do to files."""

import pathlib


def largest_array(item: pathlib.Path) -> pathlib.Path:
    """Returns the largest of the files that hold the arrays of a checkpoint's item."""
    return max((item / "d").iterdir(), key=lambda path: path.stat().st_size)


def flip(path: pathlib.Path) -> None:
    """Changes one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: pathlib.Path) -> None:
    """Loses the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
