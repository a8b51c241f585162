import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import rasterio
import tifffile
from PIL import Image

from pgd2jax import raster
from pgd2jax.evaluation import cases
from pgd2jax.infer import scene
from pgd2jax.sar import radiometry
from tests import safe

SHAPE = (60, 50)


def test_bursts_are_despeckled_each_for_itself(tmp_path, far):
    pixels = safe.slc((60, 150))
    pixels[20:40] *= 30  # Whatever leaked into a neighbour would show.
    root = safe.Safe({"iw1-vv": pixels}, bursts=3).write(tmp_path)
    target = tmp_path / "clean.npy"
    taken = scene.despeckle(far, root, target, tile=16)
    assert taken == ("slc", 1.0, 3)
    found = np.load(target)
    with raster.Image(root) as image:
        seen = far.examine(image.rows, image.shape, image.dtype)
    for rows in (slice(0, 20), slice(20, 40), slice(40, 60)):
        part = pixels[rows].astype(np.complex64)

        def read(start, stop, part=part):
            return part[start:stop]

        ((_, alone),) = far.bands(read, part.shape, seen)
        np.testing.assert_allclose(found[rows], alone, rtol=1e-5)


def test_backscatter_is_calibrated_and_noise_leaves_a_mask(tmp_path, far):
    bright = np.arange(SHAPE[1]) >= 25
    pixels = np.round(safe.slc(SHAPE) * np.where(bright, 10, 0.01))
    root = safe.Safe(
        {"iw1-vv": pixels},
        bursts=1,
        valid=(1, 59, 0, 49),
        gain=((0, (0, 49), (200, 200)),),
        noise=((0, (0, 49), (5e3, 5e3)),),
    ).write(tmp_path)
    plain, sigma = tmp_path / "plain.tif", tmp_path / "sigma.tif"
    scene.despeckle(far, root, plain)
    scene.despeckle(far, root, sigma, calibrate="sigma0", subtract_noise=True)
    power, found = raster.read(plain).pixels, raster.read(sigma).pixels
    expected = np.where(np.isnan(power), power, np.maximum(power - 5e3, 0) / 4e4)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with rasterio.open(tmp_path / "sigma-noise.tif") as file:
        mask = file.read(1)
        assert len(file.gcps[0]) == 4
    np.testing.assert_array_equal(mask, expected == 0)
    assert 0.3 < mask.mean() < 0.7
    assert not mask[0].any()  # There is no data at all.


def test_areas_of_zeros_are_not_noise(tmp_path, far):
    pixels = np.abs(safe.slc(SHAPE))
    pixels[:, :20] = 0
    root = safe.Safe({"iw-vv": pixels}).write(tmp_path)
    scene.despeckle(far, root, tmp_path / "sigma.tif", subtract_noise=True)
    assert not raster.read(tmp_path / "sigma.tif").pixels[:, :20].any()
    assert not raster.read(tmp_path / "sigma-noise.tif").pixels[:, :20].any()


def test_zeros_are_decibels_where_they_were_no_data(tmp_path, far):
    pixels = np.abs(safe.slc(SHAPE)).astype(np.float32)
    place = {"crs": "EPSG:32632", "transform": (10, 0, 5e5, 0, -10, 5e6), "nodata": 0}
    size = {"height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "float32"}
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", **size, **place) as to:
        to.write(pixels, 1)
    for unit, nodata in (("intensity", 0), ("decibel", np.nan)):
        target = tmp_path / f"{unit}.tif"
        scene.despeckle(far, tmp_path / "a.tif", target, unit=unit, looks=1)
        with rasterio.open(target) as file:
            np.testing.assert_equal(file.nodata, nodata)


def test_a_debursted_result_is_that_of_the_bursts_without_what_they_have_twice(
    tmp_path, far
):
    pixels = safe.slc(SHAPE)
    made = safe.Safe(
        {"iw1-vv": pixels}, bursts=3, lines=12, noise=((0, (0, 49), (9e3, 9e3)),)
    )
    root = made.write(tmp_path)
    plain, whole = tmp_path / "plain.tif", tmp_path / "whole.tif"
    how = {"calibrate": "sigma0", "subtract_noise": True, "quicklook": True}
    scene.despeckle(far, root, plain, **how)
    scene.despeckle(far, root, whole, **how, deburst=True, tile=16, resume=True)
    kept = np.r_[0:16, 24:36, 44:60]
    for end in (".tif", "-noise.tif"):
        expected = raster.read(tmp_path / f"plain{end}").pixels[kept]
        found = raster.read(tmp_path / f"whole{end}").pixels
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
    with Image.open(tmp_path / "whole.png") as look:
        assert look.height == 44


@pytest.mark.parametrize(
    "option", [{"calibrate": "sigma0"}, {"subtract_noise": True}, {"deburst": True}]
)
def test_calibration_needs_an_annotation(tmp_path, far, option):
    np.save(tmp_path / "slc.npy", safe.slc(SHAPE))
    with pytest.raises(raster.RasterError, match=r"slc.npy.*only a Sentinel-1 product"):
        scene.despeckle(far, tmp_path / "slc.npy", tmp_path / "clean.npy", **option)
    assert not (tmp_path / "clean.npy").exists()


def test_a_result_comes_after_what_lies_beside_it(tmp_path, far, monkeypatch):
    np.save(tmp_path / "slc.npy", safe.slc(SHAPE))

    def full(self, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(raster.Quicklook, "write", full)
    with pytest.raises(raster.RasterError, match=r"clean.npy: cannot be .*No space"):
        scene.despeckle(
            far, tmp_path / "slc.npy", tmp_path / "clean.npy", quicklook=True
        )
    assert [path.name for path in tmp_path.iterdir()] == ["slc.npy"]


def test_references_are_taken_in_the_unit_that_they_say(tmp_path, far, rng):
    np.save(tmp_path / "a.npy", rng.exponential(size=(40, 40)).astype(np.float32))
    for unit in scene.UNITS:
        target = tmp_path / f"{unit}.tif"
        scene.despeckle(far, tmp_path / "a.npy", target, unit=unit, looks=1)

    def reference(unit):
        path = tmp_path / f"{unit}.tif"
        (case,) = cases.of_files([tmp_path / "a.npy"], [path], looks=1).scenes
        return case.reference

    np.testing.assert_allclose(
        reference("amplitude"), reference("intensity"), rtol=1e-5
    )
    with pytest.raises(ValueError, match=r"decibel\.tif: its unit is decibels"):
        reference("decibel")


def test_a_file_is_like_an_array(tmp_path, far):
    pixels = safe.slc((200, 50)).astype(np.complex64)
    np.save(tmp_path / "slc.npy", pixels)
    whole = far(pixels)
    with far.open(tmp_path / "slc.npy", tile=16) as clean:
        assert (clean.shape, clean.dtype, len(clean)) == ((200, 50), np.float32, 200)
        assert (clean.kind, clean.looks) == ("slc", 1.0)
        for key in (
            slice(60, 90),
            (slice(190, None), slice(5, 9)),
            (slice(150, 10, -40), 3),
            (-1, slice(None)),
            7,
            (199, 49),
            slice(5, 5),
            ...,
            (..., 3),
            (..., None),
            (slice(3, 5), None),
        ):
            assert clean[key].shape == whole[key].shape
            np.testing.assert_allclose(clean[key], whole[key], rtol=1e-5)
        np.testing.assert_allclose(np.asarray(clean), whole, rtol=1e-5)
        clean[5:9][:] = 0  # An array of its own.
        np.testing.assert_allclose(clean[8:4:-2], whole[8:4:-2], rtol=1e-5)
        with pytest.raises(ValueError, match="new array"):
            np.array(clean, copy=False)
        for key in (200, "rows", 1.5, True, None, (..., ...)):
            with pytest.raises(IndexError):
                clean[key]
        clean[7][:] = 0  # A copy: what is kept stays as it is.
        np.testing.assert_allclose(clean[7], whole[7], rtol=1e-5)
        clean.close()  # Twice does no harm.


def test_only_bands_that_are_looked_at_are_read(tmp_path, far, monkeypatch):
    np.save(tmp_path / "slc.npy", safe.slc((4000, 20)))
    with far.open(tmp_path / "slc.npy", tile=32) as clean:
        read, image = [], clean._source.image
        original = image.rows
        monkeypatch.setattr(
            image, "rows", lambda a, b: read.append((a, b)) or original(a, b)
        )
        clean[2000:2010]
    assert min(start for start, _ in read) > 1700
    assert max(stop for _, stop in read) < 2300


def test_cloud_optimised_results_have_overviews_and_keep_their_place(tmp_path, far):
    root = safe.Safe({"s1-vv": safe.slc((600, 550))}).write(tmp_path)
    plain, cog = tmp_path / "plain.tif", tmp_path / "cog.tif"
    scene.despeckle(far, root, plain, unit="amplitude")
    scene.despeckle(far, root, cog, unit="amplitude", cog=True)
    with rasterio.open(plain) as one, rasterio.open(cog) as other:
        np.testing.assert_array_equal(one.read(), other.read())
        assert other.overviews(1) == [2]
        assert other.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert len(other.gcps[0]) == 4
        assert other.gcps[1].to_epsg() == 4326
        half = other.read(1, out_shape=(300, 275))
        power = one.read(1) ** 2
    blocks = power.reshape(300, 2, 275, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(half**2, blocks, rtol=1e-4)


@pytest.mark.parametrize(
    ("unit", "said"),
    [("intensity", "linear power"), ("amplitude", "amplitude"), ("decibel", "dB")],
)
@pytest.mark.parametrize("cog", [False, True])
def test_a_result_says_what_it_holds_and_not_what_its_source_did(
    tmp_path, far, unit, said, cog
):
    root = safe.Safe({"iw-vv": np.abs(safe.slc(SHAPE)).astype(np.uint16)})
    root = root.write(tmp_path)
    (source,) = (root / "measurement").iterdir()
    with rasterio.open(source, "r+") as file:
        file.units, file.descriptions = ("DN",), ("amplitude of VV",)
        file.update_tags(ORBIT="ascending")
    options = {"calibrate": "sigma0", "subtract_noise": True, "cog": cog}
    scene.despeckle(far, root, tmp_path / "clean.tif", unit=unit, **options)
    with rasterio.open(tmp_path / "clean.tif") as file:
        assert file.units == (said,)
        assert file.descriptions == ("sigma0, despeckled, thermal noise subtracted",)
        assert file.tags()["ORBIT"] == "ascending"
    with tifffile.TiffFile(tmp_path / "clean.tif") as file:
        raw = file.pages[0].tags["GDAL_METADATA"].value
    assert raw.count('role="description"') == raw.count('role="unittype"') == 1
    scene.despeckle(far, root, tmp_path / "plain.tif", unit=unit)
    with rasterio.open(tmp_path / "plain.tif") as file:
        assert file.descriptions == ("backscatter, despeckled",)


def test_a_killed_process_leaves_no_half_result(tmp_path, smoke_run):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.tif"
    np.save(source, safe.slc((400, 300)))
    target.write_bytes(b"the old result")
    program = textwrap.dedent(f"""
        import os, pgd2jax
        from pgd2jax.infer import scene

        def kill(done, total):
            if done > total / 2:
                os.kill(os.getpid(), {int(signal.SIGKILL)})

        scene.despeckle(
            pgd2jax.load({str(smoke_run)!r}), {str(source)!r}, {str(target)!r},
            tile=64, overwrite=True, progress=kill,
        )
    """)
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"the old result"


def test_two_runs_to_one_file_leave_a_whole_result(tmp_path, far):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.tif"
    np.save(source, safe.slc((180, 50)))

    def meanwhile(done, total):
        if not target.exists():
            scene.despeckle(far, source, target, tile=16)

    scene.despeckle(far, source, target, tile=16, overwrite=True, progress=meanwhile)
    scene.despeckle(far, source, tmp_path / "alone.tif", tile=16)
    found = {p.name: raster.read(p).pixels for p in tmp_path.glob("*.tif")}
    np.testing.assert_array_equal(found["clean.tif"], found["alone.tif"])
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["clean.tif", "clean.png"])
def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path, far, name):
    np.save(tmp_path / "slc.npy", safe.slc((180, 50)))

    def meanwhile(done, total):
        (tmp_path / name).write_bytes(b"of the user")

    with pytest.raises(FileExistsError, match=f"{name}: is there already; say --over"):
        scene.despeckle(
            far,
            tmp_path / "slc.npy",
            tmp_path / "clean.tif",
            tile=16,
            quicklook=True,
            progress=meanwhile,
        )
    assert (tmp_path / name).read_bytes() == b"of the user"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "slc.npy"])


def test_a_source_may_go_once_it_is_read(tmp_path, far):
    source, target = tmp_path / "slc.npy", tmp_path / "clean.tif"
    np.save(source, safe.slc((180, 50)))

    def meanwhile(done, total):
        source.unlink(missing_ok=True)

    scene.despeckle(far, source, target, tile=16, progress=meanwhile)
    assert raster.read(target).pixels.shape == (180, 50)


def test_read_only_folders_are_told_before_any_work(tmp_path, far, monkeypatch):
    np.save(tmp_path / "slc.npy", safe.slc(SHAPE))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r"clean.npy: cannot be written there"):
        scene.despeckle(far, tmp_path / "slc.npy", tmp_path / "clean.npy")


@pytest.mark.parametrize("unit", scene.UNITS)
def test_scenes_without_any_data_stay_so(tmp_path, far, unit, caplog):
    root = safe.Safe(
        {"iw1-vv": safe.slc(SHAPE)}, bursts=2, valid=(40, 40, 0, 49)
    ).write(tmp_path)
    how = {"calibrate": "sigma0", "subtract_noise": True, "unit": unit, "cog": True}
    scene.despeckle(far, root, tmp_path / "clean.tif", quicklook=True, **how)
    assert "holds no data" in caplog.text
    assert np.isnan(raster.read(tmp_path / "clean.tif").pixels).all()
    assert not raster.read(tmp_path / "clean-noise.tif").pixels.any()


def test_power_of_the_largest_whole_numbers_does_not_overflow(tmp_path, far):
    pixels = np.full(SHAPE, -32768 - 32768j)
    root = safe.Safe({"s1-vv": pixels}).write(tmp_path)
    scene.despeckle(far, root, tmp_path / "clean.npy")
    clean = np.load(tmp_path / "clean.npy")
    assert np.isfinite(clean).all()
    with raster.Image(root) as image:
        power = radiometry.intensity(image.rows(0, 60))
    np.testing.assert_array_equal(power, 2.0**31)


@pytest.mark.parametrize(("given", "taken"), [(None, 4.4), (3.0, 3.0)])
def test_looks_of_grd_are_as_given_or_as_the_product_says(tmp_path, far, given, taken):
    amplitude = np.abs(safe.slc(SHAPE)).astype(np.uint16)
    root = safe.Safe({"iw-vv": amplitude}).write(tmp_path)
    target = tmp_path / "clean.npy"
    found = scene.despeckle(far, root, target, looks=given)
    assert found == ("amplitude", taken, 1)
    with far.open(root, looks=given) as clean:
        assert clean.looks == taken
        np.testing.assert_array_equal(np.asarray(clean), np.load(target))
