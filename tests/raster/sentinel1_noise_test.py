"""Vectors of noise and calibration as they stand in odd products."""

import pathlib
import shutil
import zipfile

import numpy as np
import pytest

from pgd2jax import raster
from pgd2jax.sar import calibration
from tests import safe

SHAPE = (60, 50)
IMAGES = {"iw-vv": np.abs(safe.slc(SHAPE))}
NOISE = ((0, (0, 49), (7, 9)),)


def along(lines):
    """Returns an azimuth vector of noise that tells no bounds."""
    return (
        f'<noiseAzimuthVector><line count="2">{lines}</line>'
        '<noiseAzimuthLut count="2">1.5 2</noiseAzimuthLut></noiseAzimuthVector>'
    )


def test_noise_along_azimuth_without_bounds_is_of_the_whole_image(tmp_path):
    root = safe.Safe(IMAGES, noise=NOISE, along=along("0 59")).write(tmp_path)
    with raster.Image(root) as image:
        _, (part,) = image.noise()
    assert (part.rows, part.cols) == (slice(0, 60), slice(0, 50))


def test_noise_along_azimuth_whose_lines_do_not_rise_is_refused(tmp_path):
    root = safe.Safe(IMAGES, noise=NOISE, along=along("59 0")).write(tmp_path)
    with (
        raster.Image(root) as image,
        pytest.raises(raster.RasterError, match="noiseAzimuthLut"),
    ):
        image.noise()


@pytest.mark.parametrize("factors", ["1 nan", "1 -2", "1 1e40"])
def test_factors_of_noise_that_cannot_be_are_refused(tmp_path, factors):
    text = along("0 59").replace("1.5 2", factors)
    root = safe.Safe(IMAGES, noise=NOISE, along=text).write(tmp_path)
    with raster.Image(root) as image:
        _, parts = image.noise()
    with pytest.raises(ValueError, match="unusable values"):
        calibration.Calibration(along=parts)


def test_vectors_without_a_place_are_refused(tmp_path):
    root = safe.Safe(IMAGES).write(tmp_path)
    (about,) = (root / "annotation/calibration").glob("calibration-*")
    about.write_text(about.read_text().replace("<line>-10<", "<line>nan<"))
    with (
        raster.Image(root) as image,
        pytest.raises(raster.RasterError, match="lacks whole vectors of sigma"),
    ):
        image.gain("sigma0")


def test_a_zip_whose_names_begin_with_slashes_is_refused(tmp_path):
    root = safe.Safe(IMAGES).write(tmp_path)
    with zipfile.ZipFile(safe.zipped(root), "a") as file:
        file.writestr("///a", "")  # zipfile.Path may never end there.
        path = pathlib.Path(file.filename)
    with pytest.raises(raster.RasterError, match="begin with a slash"):
        raster.Image(path)


def test_gamma_nought_has_vectors_of_its_own(tmp_path):
    root = safe.Safe({"s1-vv": safe.slc(SHAPE)}).write(tmp_path)
    (about,) = (root / "annotation/calibration").glob("calibration-*")
    text = about.read_text()
    gamma = '<gamma count="2">300 300</gamma>'
    assert gamma in text
    about.write_text(text.replace(gamma, gamma.replace("300", "555")))
    with raster.Image(root) as image:
        assert image.gain("gamma0").values[0][0] == 555
        assert image.gain("sigma0").values[0][0] == 300


def test_the_version_that_counts_is_the_processors(tmp_path):
    root = safe.Safe(IMAGES).write(tmp_path)
    (root / "manifest.safe").write_text(
        '<xfdu><software name="Another" version="1.00"/>'
        '<software name="Sentinel-1 IPF" version="003.40"/></xfdu>'
    )
    with raster.Image(root) as image:
        across, _ = image.noise()
    assert across.values[0][0] == 1


@pytest.mark.parametrize(("version", "refused"), [("002.49", True), ("002.50", False)])
def test_noise_is_in_known_units_since_version_2_50(tmp_path, version, refused):
    root = safe.Safe(IMAGES).write(tmp_path)
    software = f'<software name="Sentinel-1 IPF" version="{version}"/>'
    (root / "manifest.safe").write_text(f"<xfdu>{software}</xfdu>")
    with raster.Image(root) as image:
        if refused:
            with pytest.raises(raster.RasterError, match="other units"):
                image.noise()
        else:
            assert len(image.noise()[0].values) == 2


def test_a_zip_of_two_products_is_refused(tmp_path):
    both = tmp_path / "two"
    both.mkdir()
    root = safe.Safe(IMAGES).write(both)
    shutil.copytree(root, root.with_name("B.SAFE"))
    shutil.make_archive(str(both), "zip", both)
    with pytest.raises(raster.RasterError, match=r"two\.zip: .*2 files manifest"):
        raster.Image(tmp_path / "two.zip")
