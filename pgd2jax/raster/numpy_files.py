"""NumPy's files: .npy and the one array of an .npz, mapped to memory where they can."""

import pathlib
import zipfile
from collections.abc import Iterator

import numpy as np

from pgd2jax.raster import errors

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Mapped:
    """One array, whose rows are read as they are needed.

    Attributes:
        shape: Of the array.
        dtype: Of its elements.
        tags: None; these files hold no geography.
    """

    tags = ()

    def __init__(self, path: pathlib.Path):
        """Opens a file.

        Raises:
            ValueError: if an .npz holds not exactly one image, or Python objects.
        """
        if path.suffix.lower() == ".npz":
            self._array = _from_archive(path)
        else:
            self._array = np.lib.format.open_memmap(path, mode="r")
        if self._array.ndim == 3:  # Of one band, maybe.
            for axis in (0, 2):
                if self._array.shape[axis] == 1:
                    self._array = self._array.squeeze(axis)
                    break
        self.shape, self.dtype = self._array.shape, self._array.dtype

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1."""
        return np.array(self._array[start:stop])

    def close(self) -> None:
        """Lets the array go."""
        self._array = None


def _from_archive(path: pathlib.Path) -> np.ndarray:
    """Returns the image of an .npz: its only array of two dimensions or more.

    Where it is stored uncompressed, as `numpy.savez` does, it is mapped.
    """
    with zipfile.ZipFile(path) as archive:
        found = {}
        for member in archive.infolist():
            with archive.open(member) as file:
                header = HEADERS[np.lib.format.read_magic(file)](file)
                found[member.filename] = (member, file.tell(), header)
        images = [name for name, (*_, header) in found.items() if len(header[0]) >= 2]
        if len(images) != 1:
            raise errors.UnfitError(
                f"it holds {len(images)} images ({', '.join(found)}), but one is "
                "needed; save that one as .npy"
            )
        member, offset, (shape, fortran, dtype) = found[images[0]]
        if member.compress_type != zipfile.ZIP_STORED or dtype.hasobject or fortran:
            with np.load(path, allow_pickle=False) as file:
                return file[images[0].removesuffix(".npy")]
    with open(path, "rb") as file:
        # The local header's own lengths; the directory's may differ.
        file.seek(member.header_offset + 26)
        lengths = np.frombuffer(file.read(4), "<u2")
    start = member.header_offset + 30 + int(lengths.sum())
    return np.memmap(path, dtype, "r", start + offset, shape)


def write(
    path: pathlib.Path,
    bands: Iterator[np.ndarray],
    shape: tuple[int, int],
    dtype: np.dtype,
) -> None:
    """Writes a .npy file from rows, from top to bottom, [any, cols] each."""
    with open(path, "wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": tuple(shape),
        }
        np.lib.format.write_array_header_2_0(file, header)
        for band in bands:
            file.write(np.ascontiguousarray(band, dtype).data)
