import sys

import numpy as np
import pytest
import rasterio

from pgd2jax import raster

h5py = pytest.importorskip("h5py")

SHAPE = (40, 30)
HALF = np.dtype([("r", "<f2"), ("i", "<f2")])


@pytest.fixture
def slc(rng):
    parts = np.round(100 * rng.normal(size=(2, *SHAPE)))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def halves(slc):
    pairs = np.empty(slc.shape, HALF)
    pairs["r"], pairs["i"] = slc.real, slc.imag
    return pairs


def test_nisar_pairs_of_half_precision_are_complex(tmp_path, slc):
    path = tmp_path / "rslc.h5"
    with h5py.File(path, "w") as file:
        swaths = file.create_group("science/LSAR/RSLC/swaths")
        for number, name in enumerate(("A/HH", "A/HV", "B/HH")):
            swaths.create_dataset(
                f"frequency{name}",
                data=halves((number + 1) * slc),
                chunks=(16, 16),
                compression="gzip",
            )
        swaths["zeroDopplerTime"] = np.arange(40.0)
        swaths["frequencyA/validSamples"] = np.ones(SHAPE, np.float32)
        metadata = file.create_group("science/LSAR/RSLC/metadata")
        metadata["calibrationInformation/frequencyA/elevationAntennaPattern/HH"] = slc
    names = ("frequencyA-HH", "frequencyA-HV", "frequencyB-HH")
    assert raster.layers(path) == names
    with raster.Image(path, "frequencyA-HV") as image:
        assert (image.shape, image.dtype, image.tags) == (SHAPE, np.complex64, ())
        rows = image.rows(5, 23)
        assert rows.dtype == np.complex64
        np.testing.assert_array_equal(rows, 2 * slc[5:23])
    with pytest.raises(
        raster.RasterError, match=r"rslc.h5: holds frequencyA-HH, .*--layer,"
    ):
        raster.Image(path)


def test_nisar_covariances_are_images_where_they_are_powers(tmp_path, slc):
    path, power = tmp_path / "gcov.h5", np.abs(slc)
    with h5py.File(path, "w") as file:
        grids = file.create_group("science/LSAR/GCOV/grids/frequencyA")
        grids["HHHH"], grids["HVHV"], grids["HHHV"] = power, 2 * power, slc
        grids["numberOfLooks"] = np.full(SHAPE, 20, np.float32)
        pattern = "calibrationInformation/frequencyA/elevationAntennaPattern/HH"
        file[f"science/LSAR/GCOV/metadata/{pattern}"] = slc
    assert raster.layers(path) == ("frequencyA-HHHH", "frequencyA-HVHV")
    np.testing.assert_array_equal(raster.read(path, "frequencyA-HHHH").pixels, power)


@pytest.mark.parametrize(
    ("folder", "x", "y", "name"),
    [
        ("data", "x_coordinates", "y_coordinates", "VV"),
        (
            "science/LSAR/GSLC/grids/frequencyA",
            "xCoordinates",
            "yCoordinates",
            "frequencyA-VV",
        ),
    ],
)
def test_geocoded_products_keep_their_place(tmp_path, slc, folder, x, y, name):
    attribute = name.startswith("frequency")  # That holds the number of the grid.
    path = tmp_path / "cslc.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group(folder)
        group["VV"] = slc
        group[x] = 500_000 + 5 * (np.arange(30) + 0.5)
        group[y] = 4_000_000 - 10 * (np.arange(40) + 0.5)
        group["projection"] = np.int32(0 if attribute else 32611)
        if attribute:
            group["projection"].attrs["epsg_code"] = 32611
    assert raster.layers(path) == (name,)
    read = raster.read(path)
    np.testing.assert_array_equal(read.pixels, slc)
    raster.write(tmp_path / "power.tif", raster.Raster(np.abs(read.pixels), read.tags))
    with rasterio.open(tmp_path / "power.tif") as file:
        assert file.crs.to_epsg() == 32611
        assert file.transform == rasterio.Affine(5, 0, 500_000, 0, -10, 4_000_000)


def test_a_place_that_cannot_be_told_is_left_out_with_a_warning(tmp_path, slc, caplog):
    with h5py.File(tmp_path / "cslc.h5", "w") as file:
        file["VV"], file["projection"] = slc, b"polar"
        file["x_coordinates"], file["y_coordinates"] = np.arange(30.0), np.arange(40.0)
    assert raster.read(tmp_path / "cslc.h5").tags == ()
    assert "its place on the ground is not kept" in caplog.text


def test_real_images_are_read_where_there_are_no_complex_ones(tmp_path):
    power = np.arange(1200, dtype=np.float32).reshape(SHAPE)
    with h5py.File(tmp_path / "rtc.h5", "w") as file:
        file["data/VV"], file["data/VH"] = power, 2 * power
        file["data/mask"] = np.zeros(SHAPE, np.uint8)
        file["metadata/table"] = np.zeros((40, 3))
    assert raster.layers(tmp_path / "rtc.h5") == ("VH", "VV")
    np.testing.assert_array_equal(raster.read(tmp_path / "rtc.h5", "VV").pixels, power)


def test_images_of_other_names_are_read_complex_ones_first(tmp_path, slc):
    power = np.arange(1200, dtype=np.float32).reshape(SHAPE)
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file["data/power"], file["data/mask"] = power, np.zeros(SHAPE, np.uint8)
        file["data/table"] = np.zeros((40, 3))
    np.testing.assert_array_equal(raster.read(tmp_path / "mine.h5").pixels, power)
    with h5py.File(tmp_path / "mine.h5", "a") as file:
        file["data/slc"] = slc
    assert raster.layers(tmp_path / "mine.h5") == ("slc",)


def test_dates_in_hdf5_are_a_series(tmp_path, slc):
    for date in ("20220101", "20220113"):
        with h5py.File(tmp_path / f"{date}.h5", "w") as file:
            file["data/VV"], file["data/VH"] = slc, slc
    paths = raster.series([tmp_path])
    stack, _ = raster.read_stack(paths, np.abs, "VV")
    np.testing.assert_allclose(stack, [np.abs(slc)] * 2)
    with pytest.raises(raster.RasterError, match="holds VH, VV"):
        raster.read_stack(paths, np.abs)


def test_files_without_images_and_damaged_ones_are_refused(tmp_path, slc):
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file["table"] = np.arange(9.0)
    with pytest.raises(raster.RasterError, match=r"empty.h5: holds no image"):
        raster.Image(tmp_path / "empty.h5")
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["VV"] = slc
    whole = (tmp_path / "whole.h5").read_bytes()
    (tmp_path / "torn.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(raster.RasterError, match=r"torn.h5: cannot be read"):
        raster.Image(tmp_path / "torn.h5")


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    (tmp_path / "slc.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(raster.RasterError, match=r"slc.h5: .*pgd2jax\[hdf5\]"):
        raster.Image(tmp_path / "slc.h5")


def test_pairs_may_be_named_in_full(tmp_path):
    pairs = np.zeros(SHAPE, [("real", "<f4"), ("imag", "<f4")])
    pairs["real"], pairs["imag"] = 3, 4
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["VV"] = pairs
    assert (raster.read(tmp_path / "a.h5").pixels == 3 + 4j).all()


def test_images_whose_pixels_lie_in_other_files_are_refused(tmp_path, slc):
    # Of a part that is missing there would be zeros.
    layout = h5py.VirtualLayout(slc.shape, slc.dtype)
    layout[:] = h5py.VirtualSource("gone.h5", "VV", slc.shape)
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("VV", layout)
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        places = [(tmp_path / "gone.bin", 0, slc.nbytes)]
        file.create_dataset("VV", slc.shape, slc.dtype, external=places)
    for name in ("virtual", "outside"):
        with pytest.raises(raster.RasterError, match=rf"{name}\.h5: .*in other files"):
            raster.Image(tmp_path / f"{name}.h5")
