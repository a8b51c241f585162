import errno
import tempfile

import numpy as np
import pytest
import rasterio
from rasterio import transform

from pgd2jax import raster
from pgd2jax.sar import pixels as sar_pixels


def same(pixels):
    return pixels


def write(folder, names, shape=(12, 10), dtype="f4"):
    rng = np.random.default_rng(0)
    images = [rng.exponential(size=shape).astype(dtype) for _ in names]
    for name, image in zip(names, images, strict=True):
        raster.write(folder / name, raster.Raster(image))
    return images


def test_folder_is_read_in_the_order_of_names(tmp_path):
    images = write(tmp_path, ["b.npy", "a.tif", "c.tiff"])
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".a.tif").write_bytes(b"left by a killed writer")
    files = raster.series([tmp_path])
    assert [file.name for file in files] == ["a.tif", "b.npy", "c.tiff"]
    samples, _ = raster.read_stack(files, same)
    np.testing.assert_array_equal(samples, [images[1], images[0], images[2]])
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 0


def test_files_keep_the_order_that_they_are_given_in(tmp_path):
    write(tmp_path, ["a.npy", "b.npy"])
    given = [tmp_path / "b.npy", tmp_path / "a.npy"]
    assert raster.series(given) == given


@pytest.mark.parametrize("nodata", [0, None])
def test_zeros_of_a_date_are_no_data_where_its_file_says_so(tmp_path, nodata):
    profile = {"driver": "GTiff", "height": 12, "width": 10, "count": 1}
    place = transform.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    pixels = np.ones((12, 10), "f4")
    pixels[3, 4] = 0
    for name in ("a", "b"):
        file = tmp_path / f"{name}.tif"
        kind = profile | {"dtype": "float32", "transform": place, "nodata": nodata}
        with rasterio.open(file, "w", **kind) as target:
            target.write(pixels, 1)
    samples, _ = raster.read_stack(raster.series([tmp_path]), same)
    expected = np.where(pixels == 0, np.nan if nodata == 0 else 0, pixels)
    np.testing.assert_array_equal(samples, [expected] * 2)


def test_long_dates_are_read_in_bands_that_do_not_show(tmp_path, rng):
    date = rng.exponential(size=(2500, 12)).astype("f4")
    date[1021:1027, 3:9] = 0  # No data, on both sides of where bands meet,
    date[2046:2049, 3:9] = 0  # and data, too low to be no data.
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", date)
    samples, _ = raster.read_stack(raster.series([tmp_path]), sar_pixels.samples_of)
    whole = sar_pixels.samples_of(date)
    assert np.isnan(whole).sum() == 36
    np.testing.assert_array_equal(samples, [whole, whole])


def test_series_leaves_no_file_behind(tmp_path, monkeypatch):
    write(tmp_path, ["a.npy", "b.npy"])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    samples, _ = raster.read_stack(raster.series([tmp_path]), same)
    assert not list(scratch.iterdir())
    assert samples.sum() > 0  # It is read after its file is gone.


def test_place_on_the_ground_is_handed_on(tmp_path):
    profile = {"driver": "GTiff", "height": 12, "width": 10, "count": 1}
    profile |= {"dtype": "float32", "crs": "EPSG:32632", "nodata": 0}
    place = transform.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    for name, nodata in (("a", 0), ("b", -1)):  # Not a part of the grid.
        profile["nodata"] = nodata
        file = tmp_path / f"{name}.tif"
        with rasterio.open(file, "w", transform=place, **profile) as target:
            target.write(np.ones((12, 10), "f4"), 1)
    samples, tags = raster.read_stack(raster.series([tmp_path]), same)
    raster.write(tmp_path / "out.tif", raster.Raster(samples[0], tags))
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.crs.to_epsg() == 32632
        assert file.transform == place
        assert file.nodata is None

    moved = place @ transform.Affine.translation(1, 0)
    with rasterio.open(tmp_path / "c.tif", "w", transform=moved, **profile) as target:
        target.write(np.ones((12, 10), "f4"), 1)
    files = [tmp_path / "a.tif", tmp_path / "c.tif"]
    with pytest.raises(raster.RasterError, match=r"c\.tif: its place on the ground"):
        raster.read_stack(files, same)


@pytest.mark.parametrize(
    ("shape", "dtype", "says"), [((12, 11), "f4", "shape"), ((12, 10), "c8", "dtype")]
)
def test_dates_that_do_not_fit_are_named(tmp_path, shape, dtype, says):
    write(tmp_path, ["a.npy", "b.npy"])
    write(tmp_path, ["c.npy"], shape, dtype)
    with pytest.raises(raster.RasterError, match=rf"c\.npy: its {says} is not that of"):
        raster.read_stack(raster.series([tmp_path]), same)


def test_one_image_or_none_or_twice_the_same_is_no_series(tmp_path):
    with pytest.raises(raster.RasterError, match="0 images"):
        raster.series([tmp_path])
    write(tmp_path, ["a.npy"])
    with pytest.raises(raster.RasterError, match="1 images"):
        raster.series([tmp_path / "a.npy"])
    with pytest.raises(raster.RasterError, match="two files of this name"):
        raster.series([tmp_path / "a.npy", tmp_path / "a.npy"])
    with pytest.raises(raster.RasterError, match="no such file"):
        raster.series([tmp_path / "a.npy", tmp_path / "b.xyz"])


def test_error_of_the_conversion_names_the_file(tmp_path):
    write(tmp_path, ["a.npy", "b.npy"])

    def refuse(pixels):
        raise ValueError("is negative.")

    with pytest.raises(raster.RasterError, match=r"a\.npy: is negative"):
        raster.read_stack(raster.series([tmp_path]), refuse)


def test_full_disk_is_said(tmp_path, monkeypatch):
    write(tmp_path, ["a.npy", "b.npy"])

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(raster.RasterError, match="set TMPDIR"):
        raster.read_stack(raster.series([tmp_path]), same)
