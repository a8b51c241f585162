from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
import tifffile
from rasterio import transform

from pgd2jax import raster
from pgd2jax.raster import geotiff


def image(rng):
    return (100 * rng.normal(size=(40, 30))).astype(np.float32)


def test_truncated_uncompressed_tiff_is_refused_when_opened(tmp_path, rng):
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, image(rng), rowsperstrip=4)
    whole = path.read_bytes()
    # tifffile writes the pixels last.
    path.write_bytes(whole[:-100])
    with pytest.raises(raster.RasterError, match="last 100 bytes are missing"):
        raster.Image(path)


def test_strip_that_says_it_is_shorter_than_its_pixels_is_refused(tmp_path, rng):
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, image(rng))
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["StripByteCounts"].overwrite(10)
    with open(path, "r+b") as pixels:
        pixels.truncate(path.stat().st_size - 100)
    with pytest.raises(raster.RasterError, match="last 100 bytes are missing"):
        raster.Image(path)


def test_tiff_that_becomes_shorter_while_it_is_read_is_told_by_name(tmp_path, rng):
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, image(rng))
    with raster.Image(path) as file:
        with open(path, "r+b") as pixels:
            pixels.truncate(path.stat().st_size - 100)
        file.rows(0, 3)
        with pytest.raises(raster.RasterError, match=r"scene\.tif.*failed to read"):
            file.rows(3, file.shape[0])


@pytest.mark.parametrize("tag", [257, 278])
def test_tiff_without_rows_is_refused(tmp_path, rng, tag):
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, image(rng), rowsperstrip=4)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags[tag].overwrite(0)
    with pytest.raises(raster.RasterError, match=r"scene\.tif"):
        raster.Image(path)


def test_tiff_whose_pages_never_end_is_refused(tmp_path, rng):
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, image(rng), byteorder="<")
    whole = bytearray(path.read_bytes())
    first = int.from_bytes(whole[4:8], "little")
    count = int.from_bytes(whole[first : first + 2], "little")
    following = first + 2 + 12 * count
    whole[following : following + 4] = whole[4:8]
    path.write_bytes(whole)
    with pytest.raises(raster.RasterError, match="images, but one is needed"):
        raster.Image(path)


def test_one_large_strip_is_read_without_decoding(tmp_path, rng, monkeypatch):
    path, pixels = tmp_path / "scene.tif", image(rng)
    tifffile.imwrite(path, pixels, rowsperstrip=40)
    monkeypatch.setattr(tifffile.TiffPage, "decode", None)
    with raster.Image(path) as file:
        np.testing.assert_array_equal(file.rows(5, 9), pixels[5:9])


@pytest.mark.parametrize("dtype", [">i2", ">f4", ">c8", "bool", "float64"])
def test_pixels_are_written_whatever_the_order_of_their_bytes(tmp_path, rng, dtype):
    pixels = (100 * rng.normal(size=(300, 40))).astype(dtype)
    path = tmp_path / "scene.tif"
    raster.write_rows(path, [pixels], pixels.shape, pixels.dtype)
    np.testing.assert_array_equal(tifffile.imread(path), pixels)


@pytest.mark.parametrize(("rows", "big"), [(2**15, True), (2**14, False)])
def test_files_of_four_gigabytes_are_big(tmp_path, monkeypatch, rows, big):
    found = {}
    monkeypatch.setattr(tifffile, "imwrite", lambda *args, **how: found.update(how))
    geotiff.write(tmp_path / "a.tif", iter(()), (rows, 2**15), np.dtype("f4"), ())
    assert found["bigtiff"] == big


def test_bands_of_another_type_become_that_of_the_file(tmp_path, rng):
    path, pixels = tmp_path / "scene.tif", rng.normal(size=(300, 40))
    raster.write_rows(path, [pixels], pixels.shape, np.dtype("f4"))
    np.testing.assert_array_equal(tifffile.imread(path), pixels.astype("f4"))


def test_value_of_no_data_may_be_a_number(tmp_path):
    pixels = np.ones((4, 5), np.complex64)
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, pixels, extratags=[(geotiff.NODATA, "d", 1, -1.0, True)])
    tags = geotiff.result_tags(raster.read(source).tags, zero=True)
    raster.write(tmp_path / "b.tif", raster.Raster(np.abs(pixels), tags))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].tags[geotiff.NODATA].value == "nan"


@pytest.mark.parametrize("before", ["", '  <Item name="SENSOR">a</Item>\n'])
def test_what_pixels_are_is_told_beside_what_was_said_before(before):
    text = f"<GDALMetadata>\n{before}</GDALMetadata>\n"
    tags = ((geotiff.METADATA, 2, len(text) + 1, text, True),) * bool(before)
    (tag,) = geotiff.described(tags, "dB", "sigma nought")
    root = ElementTree.fromstring(tag[3])
    found = {item.get("name"): item.text for item in root}
    kept = {"SENSOR": "a"} if before else {}
    assert found == kept | {"UNITTYPE": "dB", "DESCRIPTION": "sigma nought"}
    assert geotiff.unit([tag]) == "dB"


def test_tiff_that_lacks_the_end_of_its_last_tag_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    how = {"height": 8, "width": 9, "count": 1, "dtype": "float32"}
    how["transform"] = transform.from_origin(5e5, 5e6, 10, 10)
    with rasterio.open(path, "w", driver="GTiff", **how) as file:
        file.write(np.ones((1, 8, 9), np.float32))
    with rasterio.open(path, "r+") as file:  # Tags that grow go to the end.
        file.set_band_unit(1, "amplitude")
        file.update_tags(about="x" * 100)
    with raster.Image(path) as image:
        assert image.unit == "amplitude"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(raster.RasterError, match=r"a\.tif: .*GDAL_METADATA is cut off"):
        raster.Image(path)


@pytest.mark.parametrize("piece", ['<Item role="unittype"', "<Item ", " ", '"'])
def test_metadata_of_a_stranger_are_read_in_a_moment(piece):
    # Ten seconds and more with an expression that looks at each place twice.
    text = f"<GDALMetadata>{piece * 60_000}</GDALMetadata>"
    tags = ((geotiff.METADATA, 2, len(text) + 1, text, True),)
    assert geotiff.unit(tags) == ""
    assert geotiff.result_tags(tags, zero=True) == tags


def test_what_was_said_of_other_pixels_goes_and_the_rest_stays():
    rest = '  <Item name="SENSOR">a</Item>\n'
    text = (
        '<GDALMetadata>\n  <Item name="STATISTICS_MEAN" sample="0">1</Item>\n'
        f'{rest}  <Item name="UNITTYPE" sample="0" role="unittype">m</Item>\n'
        "</GDALMetadata>\n"
    )
    tags = ((geotiff.METADATA, 2, len(text) + 1, text, True),)
    assert geotiff.unit(tags) == "m"
    ((_, _, count, value, _),) = geotiff.result_tags(tags, zero=True)
    assert value == f"<GDALMetadata>\n{rest}</GDALMetadata>\n"
    assert count == len(value) + 1
