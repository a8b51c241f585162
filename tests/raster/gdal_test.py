import sys

import numpy as np
import pytest
import rasterio
from rasterio import control, rpc, transform

from pgd2jax import raster

SHAPE = (40, 30)


def write(path, pixels, **profile):
    size = {"height": SHAPE[0], "width": SHAPE[1], "count": 1}
    with rasterio.open(path, "w", **size, **profile) as file:
        file.write(pixels, 1)


@pytest.fixture
def power(rng):
    return rng.exponential(size=SHAPE).astype(np.float32)


def test_what_gdal_reads_keeps_its_place_and_no_data(tmp_path, power):
    place = transform.from_origin(500_000, 5_000_000, 20, 10)
    where = {"crs": "EPSG:32632", "transform": place, "nodata": -1}
    power[3, 4] = -1
    write(tmp_path / "power.img", power, driver="HFA", dtype="float32", **where)
    with raster.Image(tmp_path / "power.img") as image:
        rows = image.rows(2, 30)
        tags = raster.result_tags(image.tags)
    assert np.isnan(rows[1, 4])
    rows[1, 4] = -1
    np.testing.assert_array_equal(rows, power[2:30])
    raster.write(tmp_path / "out.tif", raster.Raster(rows, tags))
    with rasterio.open(tmp_path / "out.tif") as file:
        assert (file.crs.to_epsg(), file.transform) == (32632, place)
        assert np.isnan(file.nodata)


def test_a_place_without_a_projection_is_kept(tmp_path, power):
    (tmp_path / "g.raw").write_bytes(power.tobytes())
    (tmp_path / "g.vrt").write_text(
        '<VRTDataset rasterXSize="30" rasterYSize="40">'
        "<GeoTransform>9, 0.001, 0, 41, 0, -0.002</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1" subClass="VRTRawRasterBand">'
        '<SourceFilename relativeToVRT="1">g.raw</SourceFilename></VRTRasterBand>'
        "</VRTDataset>"
    )
    with raster.Image(tmp_path / "g.vrt") as image:
        raster.write(tmp_path / "g.tif", raster.Raster(power, image.tags))
    with rasterio.open(tmp_path / "g.tif") as file:
        assert file.transform == transform.from_origin(9, 41, 0.001, 0.002)


def test_no_data_below_single_precision_are_read(tmp_path, power):
    lowest = np.finfo(np.float64).min
    pixels = power.astype(np.float64)
    pixels[3, 4] = lowest
    place = transform.from_origin(9, 41, 0.001, 0.002)
    kind = {"driver": "HFA", "dtype": "float64", "transform": place}
    write(tmp_path / "n.img", pixels, **kind, nodata=lowest)
    with raster.Image(tmp_path / "n.img") as image:
        rows = image.rows(0, 40)
    assert np.flatnonzero(np.isnan(rows)).tolist() == [3 * 30 + 4]


def test_masks_and_complex_predictors_are_refused_with_the_mend(tmp_path, power):
    place = transform.from_origin(9, 41, 0.001, 0.002)
    kind = {"driver": "GTiff", "dtype": "float32", "transform": place}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(tmp_path / "m.tif", power, **kind)
        with rasterio.open(tmp_path / "m.tif", "r+") as file:
            file.write_mask(power > 1)
    with pytest.raises(raster.RasterError, match=r"m.tif: .*gdal_translate -mask none"):
        raster.Image(tmp_path / "m.tif")
    kind |= {"dtype": "complex64", "compress": "deflate", "predictor": 2}
    write(tmp_path / "p.tif", power.astype(np.complex64), **kind)
    with pytest.raises(raster.RasterError, match=r"p.tif: .*PREDICTOR=1"):
        raster.Image(tmp_path / "p.tif")


def test_control_points_and_rational_polynomials_are_kept(tmp_path, power):
    points = [
        control.GroundControlPoint(r, c, 9 + c / 100, 40 - r / 100, 5)
        for r in (0, 40)
        for c in (0, 30)
    ]
    write(
        tmp_path / "points.vrt.tif",
        power,
        driver="GTiff",
        dtype="float32",
        gcps=points,
        crs="EPSG:4326",
    )
    rational = rpc.RPC(
        100, 50, 40, 0.1, [1, *19 * [0]], [0, 1, *18 * [0]], 20, 20, 9, 0.1,
        [1, *19 * [0]], [0, 0, 1, *17 * [0]], 15, 15, 2, 3,
    )  # fmt: skip
    write(
        tmp_path / "rational.tif",
        power,
        driver="GTiff",
        dtype="float32",
        rpcs=rational,
    )
    for name in ("points.vrt.tif", "rational.tif"):
        # Read by GDAL, as what only GDAL reads would be.
        rasterio.shutil.copy(tmp_path / name, tmp_path / "in.vrt", driver="VRT")
        read = raster.read(tmp_path / "in.vrt")
        raster.write(tmp_path / "out.tif", read)
        with rasterio.open(tmp_path / "out.tif") as file:
            if name == "rational.tif":
                assert file.rpcs.to_dict() == rational.to_dict()
            else:
                found, crs = file.gcps
                assert crs.to_epsg() == 4326
                assert [(p.row, p.col, p.x, p.y, p.z) for p in found] == [
                    (p.row, p.col, p.x, p.y, p.z) for p in points
                ]


def test_several_bands_are_refused(tmp_path):
    path = tmp_path / "bands.img"
    size = {"height": 8, "width": 9, "count": 2}
    place = transform.from_origin(5e5, 5e6, 1, 1)
    with rasterio.open(
        path, "w", driver="HFA", dtype="float32", transform=place, **size
    ) as file:
        file.write(np.ones((2, 8, 9), np.float32))
    with pytest.raises(raster.RasterError, match=r"bands.img: .*one band"):
        raster.Image(path)


def test_cloud_optimised_files_need_rasterio_and_a_tiff(tmp_path, power, monkeypatch):
    arguments = ([power], power.shape, power.dtype)
    with pytest.raises(raster.RasterError, match="only a TIFF"):
        raster.write_rows(tmp_path / "a.npy", *arguments, overviews="average")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(raster.RasterError, match=r"a.tif: .*pgd2jax\[geo\]"):
        raster.write_rows(tmp_path / "a.tif", *arguments, overviews="average")
    assert not list(tmp_path.iterdir())


def test_container_of_several_images_says_which(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "two.he5"
    with h5py.File(path, "w") as file:
        for name in ("one", "other"):
            file[name] = np.ones((8, 8), np.float32)
    with pytest.raises(raster.RasterError, match=r"two\.he5: it holds .*//other"):
        raster.Image(path)


def test_what_gdal_lacks_is_told(tmp_path, power):
    path = tmp_path / "a.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="8"><VRTRasterBand dataType="Float32"'
        ' band="1"><SimpleSource><SourceFilename relativeToVRT="1">gone.tif'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )
    with (
        raster.Image(path) as image,
        pytest.raises(raster.RasterError, match=r"a\.vrt: .*gone\.tif: No such file"),
    ):
        image.rows(0, 8)
