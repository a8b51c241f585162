"""The files of a product: a folder NAME.SAFE, or a zip of it.

Source of all names: "Sentinel-1 Product Specification", S1-RS-MDA-52-7441.
"""

import pathlib
import re
import zipfile
from typing import BinaryIO
from xml.etree.ElementTree import Element

from pgd2jax.raster import xml

MANIFEST = "manifest.safe"


def is_product(path: pathlib.Path) -> bool:
    """Returns whether a path is a folder in SAFE format, or a zip."""
    return path.suffix.lower() == ".zip" or (path / MANIFEST).is_file()


class Product:
    """A product, whose images have names like "iw1-vv" and, of GRD, "iw-vv".

    Attributes:
        annotations: File name by name of image, without suffix.
        name: As S1A_IW_GRDH_1SDV_... .SAFE, unless the user has changed it.
    """

    def __init__(self, path: pathlib.Path):
        """Opens a product.

        Raises:
            ValueError: if it holds no image that can be despeckled.
        """
        self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        self._root = path if self._zip is None else self._safe()
        self.name = path.resolve().name if self._zip is None else self._root.name
        names = [
            entry.name[: -len(".xml")]
            for entry in self._entries("annotation")
            if entry.name.lower().endswith(".xml")
        ]
        # Mission, swath, type, polarisation, start, stop, orbit, take, number.
        parts = {name: name.lower().split("-") for name in names}
        self.annotations = {
            f"{part[1]}-{part[3]}": name
            for name, part in sorted(parts.items())
            if len(part) >= 9 and part[2] in ("slc", "grd")
        }
        waves = [layer for layer in self.annotations if layer.startswith("wv")]
        if waves or not self.annotations:
            self.close()
            raise ValueError(
                "wave mode (WV) holds imagettes, not a scene; only IW, EW and SM are "
                "read"
                if waves
                else "it holds no annotation of an SLC or GRD image"
            )

    def _safe(self):
        """Returns the folder of the product in the zip."""
        found = [n for n in self._zip.namelist() if n.split("/")[-1] == MANIFEST]
        if any(name.startswith("/") for name in self._zip.namelist()):
            self._zip.close()  # zipfile.Path of Python 3.11.7 never ends there.
            raise ValueError("names in the zip begin with a slash")
        if len(found) != 1:
            self._zip.close()
            raise ValueError(
                f"it holds {len(found)} files {MANIFEST}; a zip must hold one "
                "Sentinel-1 product"
            )
        return zipfile.Path(self._zip, found[0][: -len(MANIFEST)])

    def _entries(self, folder: str):
        place = self._root / folder
        return list(place.iterdir()) if place.is_dir() else []

    def parse(self, layer: str, what: str = "") -> Element:
        """Returns an annotation: of the image, its "calibration" or its "noise".

        Raises:
            ValueError: if it is missing or damaged.
        """
        name = f"{self.annotations[layer]}.xml"
        file = f"annotation/calibration/{what}-{name}" if what else f"annotation/{name}"
        with self._found(file).open("rb") as opened:
            return xml.parse(opened)

    def processor(self) -> float | None:
        """Returns the version of ESA's processor, as 3.52; None if it is not told.

        Raises:
            ValueError: if the manifest is damaged.
        """
        with self._found(MANIFEST).open("rb") as opened:
            root = xml.parse(opened)
        for element in root.iter():
            found = re.match(r"\d+\.\d+", element.get("version", ""))
            if "IPF" in element.get("name", "") and found:
                return float(found[0])
        return None

    def measurement(self, layer: str) -> pathlib.Path | BinaryIO:
        """Returns the TIFF of an image: its path, or a file opened in the zip.

        Raises:
            ValueError: if it is missing.
        """
        file = self._found(f"measurement/{self.annotations[layer]}.tiff")
        return file if self._zip is None else file.open("rb")

    def _found(self, name: str):
        if not (self._root / name).is_file():
            raise ValueError(f"{name} is missing")
        return self._root / name

    def close(self) -> None:
        """Closes the zip."""
        if self._zip is not None:
            self._zip.close()


def layers(path: pathlib.Path) -> tuple[str, ...]:
    """Returns the names of the images of a product.

    Raises:
        ValueError: as `Product` does.
    """
    product = Product(path)
    product.close()
    return tuple(product.annotations)
