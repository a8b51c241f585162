"""Makes small Sentinel-1 products in SAFE format."""

import dataclasses
import pathlib
import shutil

import numpy as np
import rasterio
import rasterio.shutil
from rasterio import control

NAME = "S1A_{mode}_{kind}_1SDV_20220918T074900_20220918T074927_045050_056254_ABCD.SAFE"
IMAGE = "s1a-{swath}-{kind}-{polarisation}-20220918t074900-20220918t074927-{tail}"
TAIL = "045050-056254-00{number}"


def numbers(values) -> str:
    return " ".join(f"{value:g}" for value in values)


def vector(item: str, line: int, columns, late: int = 0, **values) -> str:
    """Returns a vector of a line, 0.25 s each, whose number is too low by `late`."""
    start = np.datetime64("2022-09-18T07:49:00.000000")
    lists = "".join(
        f'<{name} count="{len(columns)}">{numbers(v)}</{name}>'
        for name, v in values.items()
    )
    return (
        f"<{item}><azimuthTime>{start + np.timedelta64(250, 'ms') * line}</azimuthTime>"
        f"<line>{line - late}</line>"
        f'<pixel count="{len(columns)}">{numbers(columns)}</pixel>{lists}</{item}>'
    )


@dataclasses.dataclass
class Safe:
    """A product to be made.

    Attributes:
        images: Pixels by name, as "iw1-vv"; complex for SLC, else GRD.
        bursts: Of each image; none of SM and GRD.
        valid: First and last row and column of each burst that hold data.
        gain: Of all images: (line, columns, values) for sigma nought.
        noise: (line, columns, values); lines are counted in time, and those of bursts
            numbered one burst too low, as ESA's processor does.
        along: Elements noiseAzimuthVector.
        info: More elements of each image's annotation.
        lines: Of a burst before the next one begins, by their times; all of them if
            None.
    """

    images: dict[str, np.ndarray]
    bursts: int = 0
    valid: tuple[int, int, int, int] | None = None
    gain: tuple = ((-10, (0, 500), (300, 300)), (5000, (0, 500), (300, 300)))
    noise: tuple = ((0, (0, 500), (1, 1)), (5000, (0, 500), (1, 1)))
    along: str = ""
    info: str = ""
    lines: int | None = None

    def write(self, folder: pathlib.Path) -> pathlib.Path:
        """Returns NAME.SAFE in a folder."""
        slc = np.iscomplexobj(next(iter(self.images.values())))
        kind = "SLC" if slc else "GRD"
        mode = next(iter(self.images))[:2].upper()
        root = folder / NAME.format(mode=mode, kind="SLC_" if slc else "GRDH")
        (root / "annotation/calibration").mkdir(parents=True)
        (root / "measurement").mkdir()
        (root / "manifest.safe").write_text("<xfdu/>")
        for number, (layer, pixels) in enumerate(self.images.items()):
            swath, polarisation = layer.split("-")
            name = IMAGE.format(
                swath=swath,
                kind=kind.lower(),
                polarisation=polarisation,
                tail=TAIL.format(number=number),
            )
            (root / f"annotation/{name}.xml").write_text(
                self._annotation(kind, mode, pixels.shape)
            )
            self._calibration(root / "annotation/calibration", name, len(pixels))
            tiff(root / f"measurement/{name}.tiff", pixels)
        return root

    def _annotation(self, kind: str, mode: str, shape: tuple[int, int]) -> str:
        height, bursts = shape[0] // max(self.bursts, 1), ""
        if self.bursts:
            top, bottom, left, right = self.valid or (0, height - 1, 0, shape[1] - 1)
            inside = [top <= row <= bottom for row in range(height)]
            first = numbers(left if there else -1 for there in inside)
            last = numbers(right if there else -1 for there in inside)
            apart = 0.25 * (self.lines or height)
            seconds = [apart * number for number in range(self.bursts)]
            bursts = "".join(
                f"<burst><azimuthTime>2022-09-18T07:49:{s:09.6f}</azimuthTime>"
                f'<firstValidSample count="{height}">{first}</firstValidSample>'
                f'<lastValidSample count="{height}">{last}</lastValidSample></burst>'
                for s in seconds
            )
        return (
            f"<product><adsHeader><productType>{kind}</productType><mode>{mode}</mode>"
            "</adsHeader><imageAnnotation><imageInformation>"
            f"<numberOfSamples>{shape[1]}</numberOfSamples>"
            f"<numberOfLines>{shape[0]}</numberOfLines>"
            "<azimuthTimeInterval>0.25</azimuthTimeInterval>"
            f"</imageInformation>{self.info}</imageAnnotation><swathTiming>"
            f"<linesPerBurst>{height if self.bursts else 0}</linesPerBurst>"
            f'<burstList count="{self.bursts}">{bursts}</burstList></swathTiming>'
            "</product>"
        )

    def _calibration(self, folder: pathlib.Path, name: str, rows: int) -> None:
        late = rows // self.bursts if self.bursts else 0
        gains = "".join(
            vector(
                "calibrationVector",
                line,
                columns,
                sigmaNought=values,
                betaNought=[237] * len(columns),
                gamma=values,
            )
            for line, columns, values in self.gain
        )
        (folder / f"calibration-{name}.xml").write_text(
            f"<calibration><calibrationVectorList>{gains}</calibrationVectorList>"
            "</calibration>"
        )
        noise = "".join(
            vector("noiseRangeVector", line, columns, late, noiseRangeLut=values)
            for line, columns, values in self.noise
        )
        (folder / f"noise-{name}.xml").write_text(
            f"<noise><noiseRangeVectorList>{noise}</noiseRangeVectorList>"
            f"<noiseAzimuthVectorList>{self.along}</noiseAzimuthVectorList></noise>"
        )


def tiff(path: pathlib.Path, pixels: np.ndarray, lines=None) -> None:
    """Writes pixels as ESA does: complex int16 or uint16, with control points."""
    lines = (0, pixels.shape[0]) if lines is None else lines
    kind = "complex_int16" if np.iscomplexobj(pixels) else "uint16"
    points = [
        control.GroundControlPoint(row, col, 9 + col / 1e4, 41 - row / 1e4, 0)
        for row in lines
        for col in (0, pixels.shape[1])
    ]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=pixels.shape[0],
        width=pixels.shape[1],
        count=1,
        dtype=kind,
        gcps=points,
        crs="EPSG:4326",
    ) as file:
        file.write(pixels, 1)


def zipped(root: pathlib.Path) -> pathlib.Path:
    """Returns a zip of a product, as it is downloaded."""
    return pathlib.Path(
        shutil.make_archive(root.with_suffix(""), "zip", root.parent, root.name)
    )


def cloud_optimised(root: pathlib.Path) -> pathlib.Path:
    """Returns a GRD product as Copernicus Data Space hands it out, with COG images.

    Source: "Handling Sentinel-1 COG_SAFE products", in the documentation of Copernicus
    Data Space Ecosystem.
    """
    for path in list(root.glob("measurement/*.tiff")):
        with rasterio.open(path, "r+") as file:
            file.nodata = 0
        target = path.with_name(f"{path.stem}-cog.tiff")
        rasterio.shutil.copy(
            path, target, driver="COG", compress="ZSTD", blocksize=256, overview_count=2
        )
        with target.open("ab") as file:  # Where the header and footer had been.
            file.write(b"left over")
        path.unlink()
    for path in list(root.glob("annotation/**/*.xml")):
        path.rename(path.with_name(f"{path.stem}-cog.xml"))
    return root.rename(root.with_name(f"{root.stem}_COG.SAFE"))


def slc(shape: tuple[int, int], power: float = 1e4, seed: int = 0) -> np.ndarray:
    """Returns whole complex numbers of a flat scene."""
    parts = np.random.default_rng(seed).normal(size=(2, *shape))
    parts *= np.sqrt(power / 2)
    return np.round(parts[0]) + 1j * np.round(parts[1])
