"""SICD, single-look complex images in NITF, through sarkit.

Source: NGA.STND.0024, "Sensor Independent Complex Data".
"""

import pathlib

import numpy as np

from pgd2jax.raster import errors


class Sicd:
    """An image, whose rows, of equal range, are read as they are needed.

    Attributes:
        shape: (rows, cols).
        dtype: complex64, of whatever pixel type.
        tags: None: the place is in SICD's own terms.
    """

    tags = ()
    dtype = np.dtype(np.complex64)

    def __init__(self, path: pathlib.Path):
        """Opens a file.

        Raises:
            ValueError: if it is a NITF file, but no SICD.
        """
        with errors.needing(path, "sicd"):
            import sarkit.sicd
        self._file = path.open("rb")
        try:
            self._reader = sarkit.sicd.NitfReader(self._file)
            about = sarkit.sicd.XmlHelper(self._reader.metadata.xmltree)
            self.shape = (
                about.load("{*}ImageData/{*}NumRows"),
                about.load("{*}ImageData/{*}NumCols"),
            )
            if None in self.shape:
                raise ValueError("its XML does not tell how many rows and columns")
            table = about.load("{*}ImageData/{*}AmpTable")
            self._amplitudes = np.arange(256) if table is None else table
        except (AssertionError, AttributeError, IndexError, SyntaxError) as error:
            self._file.close()
            raise ValueError(f"it is no whole SICD: {error!r}") from error
        except BaseException:
            self._file.close()
            raise

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Returns rows `start` to `stop` - 1, [rows, cols]."""
        pixels, _ = self._reader.read_sub_image(start, 0, stop, self.shape[1])
        if pixels.dtype.names == ("real", "imag"):
            return pixels["real"] + np.complex64(1j) * pixels["imag"]
        if pixels.dtype.names == ("amp", "phase"):
            turns = pixels["phase"] / np.float32(256)
            samples = self._amplitudes[pixels["amp"]] * np.exp(2j * np.pi * turns)
            return samples.astype(self.dtype)
        return pixels.astype(self.dtype)

    def close(self) -> None:
        """Closes the file."""
        self._reader.done()
        self._file.close()
