import errno
import importlib.util
import os
import shutil

import numpy as np
import PIL.Image
import pytest
import rasterio
import tifffile
from rasterio import transform

from pgd2jax import raster

PLACE = {"crs": "EPSG:32632", "transform": transform.from_origin(5e5, 5e6, 10, 10)}


def image(dtype, rng):
    pixels = rng.normal(size=(40, 30)) * 100
    if np.dtype(dtype).kind == "c":
        pixels = pixels + 1j * rng.normal(size=(40, 30))
    return pixels.astype(dtype)


def gdal_file(path, pixels, **profile):
    """Opens a GeoTIFF of one band, 40 x 30, with GDAL, and writes the pixels."""
    file = rasterio.open(
        path, "w", driver="GTiff", height=40, width=30, count=1, **profile
    )
    file.write(pixels, 1)
    return file


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_what_is_written_is_read(tmp_path, rng, suffix, dtype):
    path = tmp_path / f"an image{suffix}"
    pixels = image(dtype, rng)
    raster.write(path, raster.Raster(pixels))
    np.testing.assert_array_equal(raster.read(path).pixels, pixels)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("compress", [None, "deflate", "lzw"])
def test_complex_int16_of_gdal_is_read_as_complex64(tmp_path, rng, compress):
    path = tmp_path / "slc.tif"
    pixels = np.round(image(np.complex64, rng))
    place = transform.from_origin(10, 50, 0.1, 0.1)
    where = {"crs": "EPSG:4326", "transform": place}
    gdal_file(path, pixels, dtype="complex_int16", compress=compress, **where).close()
    read = raster.read(path).pixels
    assert read.dtype == np.complex64
    np.testing.assert_array_equal(read, pixels)


def test_place_on_the_ground_survives(tmp_path, rng):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    place = transform.from_origin(500_000, 5_000_000, 10, 10)
    where = {"crs": "EPSG:32632", "transform": place, "nodata": 0}
    pixels = image(np.complex64, rng)
    with gdal_file(source, pixels, dtype="complex64", **where) as file:
        file.update_tags(ORBIT="ascending")
    read = raster.read(source)
    raster.write(target, raster.Raster(np.abs(read.pixels), read.tags))
    with rasterio.open(target) as file:
        assert file.crs.to_epsg() == 32632
        assert file.transform == place
        assert file.nodata == 0
        assert file.tags()["ORBIT"] == "ascending"


def test_ground_control_points_survive(tmp_path, rng):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    points = [
        rasterio.control.GroundControlPoint(row=r, col=c, x=c / 10, y=-r / 10, z=5)
        for r, c in [(0, 0), (39, 0), (0, 29), (39, 29)]
    ]
    where = {"crs": "EPSG:4326", "gcps": points}
    gdal_file(source, image(np.float32, rng), dtype="float32", **where).close()
    read = raster.read(source)
    raster.write(target, read)
    with rasterio.open(target) as file:
        found, crs = file.gcps
        assert crs.to_epsg() == 4326
        assert [(p.row, p.col, p.z) for p in found] == [
            (p.row, p.col, p.z) for p in points
        ]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_truncated_tiff_is_refused_by_name(tmp_path, rng, share):
    path = tmp_path / "scene.tif"
    raster.write(path, raster.Raster(image(np.float32, rng)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(raster.RasterError, match=r"scene\.tif.*not whole"):
        raster.read(path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"no image at all"])
def test_damaged_npy_is_refused_by_name(tmp_path, content):
    path = tmp_path / "scene.npy"
    path.write_bytes(content)
    with pytest.raises(raster.RasterError, match=r"scene\.npy.*not whole"):
        raster.read(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "hostile.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(raster.RasterError, match="hostile"):
        raster.read(path)


def test_several_bands_and_missing_files_and_formats_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(raster.RasterError, match="one band"):
        raster.read(path)
    with pytest.raises(raster.RasterError, match="no such file"):
        raster.read(tmp_path / "none.tif")
    (tmp_path / "scene.doc").write_text("no image")
    with pytest.raises(raster.RasterError, match=r"scene.doc.*not recognized"):
        raster.read(tmp_path / "scene.doc")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(raster.RasterError, match=r"scene.doc: of no known format.*geo"):
        raster.read(tmp_path / "scene.doc")
    with pytest.raises(raster.RasterError, match="must end in"):
        raster.write(tmp_path / "scene.jpg", raster.Raster(np.zeros((8, 8))))


def test_missing_folder_is_named_before_any_work(tmp_path, rng):
    with pytest.raises(OSError, match="does not exist; make it"):
        raster.check_folder(tmp_path / "none" / "out.tif")
    pixels = image(np.float32, rng)
    with pytest.raises(raster.RasterError, match="does not exist; make it"):
        raster.write(tmp_path / "none" / "out.tif", raster.Raster(pixels))


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_full_disk_leaves_the_old_file_and_no_other(tmp_path, rng, monkeypatch, suffix):
    path = tmp_path / f"out{suffix}"
    pixels = image(np.float32, rng)
    raster.write(path, raster.Raster(pixels))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(raster.RasterError, match=r"cannot be written.*No space"):
        raster.write(path, raster.Raster(0 * pixels))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    np.testing.assert_array_equal(raster.read(path).pixels, pixels)


def test_several_images_in_one_file_are_refused_and_overviews_are_not(tmp_path, rng):
    path, pixels = tmp_path / "two.tif", image(np.float32, rng)
    with tifffile.TiffWriter(path) as file:
        file.write(pixels)
        file.write(pixels)
    with pytest.raises(raster.RasterError, match=r"write each to a file of its own\.$"):
        raster.read(path)
    with tifffile.TiffWriter(path) as file:
        file.write(pixels)
        file.write(pixels[::2, ::2], subfiletype=1)
    np.testing.assert_array_equal(raster.read(path).pixels, pixels)


WRITERS = {
    "strips": {"rowsperstrip": 7},
    "one strip": {"rowsperstrip": 100},
    "tiles": {"tile": (16, 32)},
    "LZW tiles": {"tile": (16, 16), "compression": "lzw", "predictor": True},
    "zstd strips": {"rowsperstrip": 3, "compression": "zstd"},
    "deflated": {"compression": "zlib", "rowsperstrip": 11},
    "BigTIFF": {"bigtiff": True, "tile": (32, 16)},
    "big-endian": {"byteorder": ">", "rowsperstrip": 5},
}


@pytest.mark.parametrize("how", WRITERS)
@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.complex64, np.complex128])
def test_rows_are_read_as_they_are_needed(tmp_path, rng, how, dtype):
    options = dict(WRITERS[how])
    if np.dtype(dtype).kind == "c":
        options.pop("predictor", None)
    path = tmp_path / "image.tif"
    pixels = image(dtype, rng)
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)
    with raster.Image(path) as file:
        assert file.shape == (40, 30)
        assert file.dtype == dtype
        for start, stop in [(0, 40), (0, 1), (6, 8), (13, 40), (39, 40), (3, 36)]:
            np.testing.assert_array_equal(file.rows(start, stop), pixels[start:stop])


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(raster.RasterError, match="neither a file nor a folder"):
        raster.Image(tmp_path / "pipe.npy")
    np.save(tmp_path / "none.npy", np.float32(3))
    with pytest.raises(raster.RasterError, match=r"shape=\(\), but one band"):
        raster.Image(tmp_path / "none.npy")


def test_text_of_tags_is_kept_in_any_letters(tmp_path, rng):
    pixels = image(np.float32, rng)
    with gdal_file(tmp_path / "in.tif", pixels, dtype="float32", **PLACE) as file:
        file.update_tags(unit="µW/°")
    raster.write(tmp_path / "out.tif", raster.read(tmp_path / "in.tif"))
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.tags()["unit"] == "µW/°"
        assert file.crs == rasterio.open(tmp_path / "in.tif").crs


def test_sparse_tiles_are_zeros(tmp_path, rng):
    path = tmp_path / "sparse.tif"
    tile = {"tiled": True, "blockxsize": 16, "blockysize": 16, "sparse_ok": True}
    pixels = np.zeros((40, 30), np.float32)
    pixels[:10, :10] = 5
    gdal_file(path, pixels, dtype="float32", **PLACE, **tile).close()
    np.testing.assert_array_equal(raster.read(path).pixels, pixels)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_image_of_an_npz_is_read(tmp_path, rng, save):
    path, pixels = tmp_path / "scene.npz", image(np.complex64, rng)
    save(path, slc=pixels, spacing=np.float64(10))
    with raster.Image(path) as file:
        np.testing.assert_array_equal(file.rows(5, 9), pixels[5:9])
    save(path, first=pixels, second=pixels)
    with pytest.raises(raster.RasterError, match="holds 2 images"):
        raster.Image(path)


@pytest.mark.parametrize("shape", [(1, 40, 30), (40, 30, 1)])
def test_an_axis_for_the_one_band_is_dropped(tmp_path, rng, shape):
    path, pixels = tmp_path / "scene.npy", image(np.float32, rng)
    np.save(path, pixels.reshape(shape))
    with raster.Image(path) as file:
        np.testing.assert_array_equal(file.rows(5, 9), pixels[5:9])


def test_pixels_without_data_are_nan_and_the_result_says_so(tmp_path, rng):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = image(np.float32, rng)
    pixels[3, 4] = -9999
    with gdal_file(source, pixels, dtype="float32", nodata=-9999, **PLACE) as file:
        file.update_tags(1, STATISTICS_MEAN=3, STATISTICS_MAXIMUM=5)
        file.update_tags(ORBIT="ascending")
    read = raster.read(source)
    assert np.isnan(read.pixels[3, 4])
    assert np.isfinite(read.pixels).sum() == pixels.size - 1
    tags = raster.result_tags(read.tags)
    raster.write(target, raster.Raster(read.pixels, tags))
    with rasterio.open(target) as file:
        assert np.isnan(file.nodata)
        assert "STATISTICS_MEAN" not in file.tags(1)
        assert file.tags()["ORBIT"] == "ascending"


@pytest.mark.parametrize(("zero", "expected"), [(True, 0), (False, np.nan)])
def test_no_data_of_zero_stays_so_where_it_can(tmp_path, rng, zero, expected):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    gdal_file(
        source, image(np.float32, rng), dtype="float32", nodata=0, **PLACE
    ).close()
    read = raster.read(source)
    tags = raster.result_tags(read.tags, zero=zero)
    raster.write(target, raster.Raster(read.pixels, tags))
    with rasterio.open(target) as file:
        np.testing.assert_equal(file.nodata, expected)


def test_rows_are_written_as_they_come(tmp_path, rng):
    pixels = rng.normal(size=(700, 300)).astype(np.float32)
    cuts = np.split(pixels, [1, 200, 456, 699])
    for suffix in (".npy", ".tif"):
        path = tmp_path / f"out{suffix}"
        raster.write_rows(path, iter(cuts), pixels.shape, np.float32)
        np.testing.assert_array_equal(raster.read(path).pixels, pixels)
    read = tifffile.imread(path)  # Not by the reader of our own.
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
@pytest.mark.parametrize(
    ("heights", "cols", "message"),
    [
        ((), 30, "of the 600 rows of it 0"),
        ((300, 299), 30, "of the 600 rows of it 599"),
        ((300, 301), 30, "up to row 601"),
        ((300, 300, 300), 30, "up to row 900"),
        ((300, 300), 29, r"\(300, 29\)"),
    ],
)
def test_rows_that_do_not_make_the_image_leave_nothing(
    tmp_path, suffix, heights, cols, message
):
    bands = [np.zeros((height, cols), np.float32) for height in heights]
    with pytest.raises(raster.RasterError, match=message):
        raster.write_rows(tmp_path / f"out{suffix}", bands, (600, 30), np.float32)
    assert not list(tmp_path.iterdir())


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def broken():
        yield np.zeros((300, 30), np.float32)
        raise ValueError("the network broke")

    for suffix in (".npy", ".tif"):
        with pytest.raises(ValueError, match="the network broke"):
            raster.write_rows(tmp_path / f"o{suffix}", broken(), (600, 30), np.float32)
    assert not list(tmp_path.iterdir())


def test_too_little_space_is_told_before_any_work(tmp_path, monkeypatch):
    usage = shutil._ntuple_diskusage(100, 90, 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(raster.RasterError, match=r"may take .* free"):
        raster.write_rows(tmp_path / "out.npy", [], (600, 30), np.float32)


def test_quicklook_shows_the_mean_power_of_blocks(tmp_path):
    power = np.kron([[1.0, 10.0], [100.0, 0.0]], np.ones((1100, 1050)))
    look = raster.Quicklook(power.shape)
    for band in np.split(power, [512, 1400]):
        look.add(band)
    look.write(tmp_path / "look.png")
    grey = np.asarray(PIL.Image.open(tmp_path / "look.png"))
    assert grey.shape == (734, 700)
    corners = [int(grey[r, c]) for r in (5, -5) for c in (5, -5)]
    assert corners == [1, 128, 255, 0]


@pytest.mark.parametrize("name", ["scaled.tif", "scaled.img"])  # By GDAL, the second.
@pytest.mark.parametrize("change", [{"scales": (0.001,)}, {"offsets": (-1.0,)}])
def test_pixels_with_a_scale_or_an_offset_are_refused(tmp_path, name, change):
    made = {"height": 20, "width": 30, "count": 1, "dtype": "int16"}
    driver = "HFA" if name.endswith(".img") else "GTiff"
    with rasterio.open(tmp_path / name, "w", driver=driver, **made, **PLACE) as file:
        file.write(np.ones((20, 30), np.int16), 1)
    raster.Image(tmp_path / name).close()
    with rasterio.open(tmp_path / name, "r+") as file:
        for attribute, value in change.items():
            setattr(file, attribute, value)
    with pytest.raises(
        raster.RasterError,
        match=rf"{name}: its .* gdal_translate -unscale -ot Float32\.$",
    ):
        raster.Image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.tif"])
def test_a_closed_image_says_so(tmp_path, name):
    raster.write(tmp_path / name, raster.Raster(np.ones((12, 10), np.float32)))
    with raster.Image(tmp_path / name) as image:
        image.rows(0, 2)
    with pytest.raises(raster.RasterError, match=rf"{name}: was closed; open it again"):
        image.rows(0, 2)


def test_a_page_that_was_saved_as_an_image_is_told_in_a_line(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(raster.RasterError, match=r"a\.npy: .*magic string") as caught:
        raster.Image(path)
    assert "pickle" not in str(caught.value)
    np.save(path, np.zeros((1, 1), [(f"a\n{n:04}", "f4") for n in range(500)]))
    with pytest.raises(raster.RasterError, match=r"a\.npy: ") as caught:
        raster.Image(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))
