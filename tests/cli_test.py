import csv
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import transform

from pgd2jax import cli, raster
from pgd2jax.evaluation import methods
from tests import safe


@pytest.fixture
def slc():
    parts = np.random.default_rng(0).normal(size=(2, 48, 40))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


@pytest.fixture
def slc_file(tmp_path, slc):
    np.save(tmp_path / "slc.npy", slc)
    return tmp_path / "slc.npy"


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def test_npy_is_despeckled_as_in_python(tmp_path, slc, slc_file, smoke_run, despeckler):
    output = tmp_path / "out.npy"
    assert not run("despeckle", slc_file, "--output", output, "--weights", smoke_run)
    np.testing.assert_allclose(np.load(output), despeckler(slc), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["complex64", "complex_int16", "float32"])
def test_geotiff_keeps_its_place(tmp_path, slc, smoke_run, dtype):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    place = transform.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    pixels = np.round(100 * slc)
    with rasterio.open(
        source,
        "w",
        driver="GTiff",
        height=48,
        width=40,
        count=1,
        dtype=dtype,
        crs="EPSG:32632",
        transform=place,
    ) as file:
        file.write(np.abs(pixels) ** 2 if dtype == "float32" else pixels, 1)
    assert not run(
        "despeckle", source, "--output", target, "--weights", smoke_run, "--tile", 16
    )
    with rasterio.open(target) as file:
        assert file.crs.to_epsg() == 32632
        assert file.transform == place
        assert file.dtypes == ("float32",)
        assert file.read(1).mean() == pytest.approx(2e4, rel=0.5)


def test_amplitude_is_squared_first(tmp_path, slc, smoke_run):
    outputs = [tmp_path / "from_power.npy", tmp_path / "from_amplitude.npy"]
    for kind, power, output in zip(
        ("intensity", "amplitude"), (2, 1), outputs, strict=True
    ):
        np.save(tmp_path / "in.npy", np.abs(slc) ** power)
        arguments = ["--output", output, "--weights", smoke_run, "--pixels", kind]
        assert not run("despeckle", tmp_path / "in.npy", *arguments)
    np.testing.assert_allclose(*(np.load(output) for output in outputs), rtol=1e-4)


def test_integers_are_amplitudes_also_with_gaps(tmp_path, slc, smoke_run, capsys):
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = np.round(100 * np.abs(slc)).astype(np.uint16)
    pixels[:8, :8] = 65535
    place = transform.from_origin(5e5, 5e6, 10, 10)
    where = {"crs": "EPSG:32632", "transform": place, "nodata": 65535}
    size = {"height": 48, "width": 40, "count": 1, "dtype": "uint16"}
    with rasterio.open(source, "w", driver="GTiff", **size, **where) as file:
        file.write(pixels, 1)
    assert not run("despeckle", source, "--output", target, "--weights", smoke_run)
    assert "taken as amplitude" in capsys.readouterr().out
    with rasterio.open(target) as file:
        clean = file.read(1)
        assert np.isnan(file.nodata)
    assert np.isnan(clean[:8, :8]).all()
    assert clean[8:].mean() == pytest.approx(2e4, rel=0.5)


def test_units_and_quicklooks(tmp_path, slc_file, smoke_run):
    found = {}
    for unit in ("intensity", "amplitude", "decibel"):
        output = tmp_path / f"{unit}.npy"
        arguments = ["--output", output, "--weights", smoke_run, "--unit", unit]
        assert not run("despeckle", slc_file, *arguments, "--quicklook")
        found[unit] = np.load(output)
        with Image.open(output.with_suffix(".png")) as look:
            assert look.size == (40, 48)
    power = found["intensity"]
    np.testing.assert_allclose(found["amplitude"] ** 2, power, rtol=1e-5)
    np.testing.assert_allclose(10 ** (found["decibel"] / 10), power, rtol=1e-5)


def test_many_images_go_into_a_folder_and_one_failure_stops_none(
    tmp_path, slc, smoke_run, capsys
):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    np.save(source / "a.npy", slc)
    np.savez(source / "b.npz", slc=slc)
    (source / "broken.tif").write_bytes(b"II*\0\x08\0\0\0")
    (source / "notes.txt").write_text("no image")
    np.save(tmp_path / "c.npy", slc)
    inputs = [source, tmp_path / "c.npy"]
    assert run("despeckle", *inputs, "--output", target, "--weights", smoke_run) == 1
    assert sorted(p.name for p in target.iterdir()) == ["a.npy", "b.npy", "c.npy"]
    printed = capsys.readouterr()
    assert "3 of 4 images despeckled" in printed.out
    assert "broken.tif: cannot be read" in printed.err
    assert f"failed: {source / 'broken.tif'}" in printed.err
    np.testing.assert_array_equal(np.load(target / "a.npy"), np.load(target / "b.npy"))


def test_results_are_replaced_only_if_told(tmp_path, slc_file, smoke_run, capsys):
    output = tmp_path / "out.npy"
    output.write_text("precious")
    command = ["despeckle", slc_file, "--output", output, "--weights", smoke_run]
    assert run(*command) == 1
    assert "say --overwrite" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert not run(*command, "--overwrite")
    assert np.load(output).shape == (48, 40)


@pytest.mark.parametrize(
    ("inputs", "output", "says"),
    [
        (["a.npy", "b/a.npy"], "out", "would hold both"),
        (["a.npy", "b/a.npy"], "out.npy", "need a folder"),
        (["empty"], "out", "holds no image"),
    ],
)
def test_jobs_that_cannot_be_are_refused(
    tmp_path, slc, capsys, monkeypatch, inputs, output, says
):
    monkeypatch.chdir(tmp_path)
    for folder in ("b", "empty"):
        (tmp_path / folder).mkdir()
    for name in ("a.npy", "b/a.npy"):
        np.save(tmp_path / name, slc)
    assert run("despeckle", *inputs, "--output", output) == 1
    assert says in capsys.readouterr().err


def test_images_of_a_product_are_chosen_by_name(tmp_path, smoke_run, capsys):
    images = {
        f"iw{n}-{p}": safe.slc((40, 30), seed=n) for n in (1, 2) for p in ("vv", "vh")
    }
    source = tmp_path / "in"
    root = safe.Safe(images, bursts=2).write(source)
    np.save(source / "other.npy", safe.slc((40, 30)))
    out = tmp_path / "out"
    command = ["despeckle", source, "--output", out, "--weights", smoke_run]
    assert run(*command, "--layers", "*-vv", "--calibrate", "sigma0") == 1
    printed = capsys.readouterr()
    # What has no annotation fails, and stops none of the others.
    assert "2 of 3 images despeckled" in printed.out
    assert "iw1-vv: taken as slc, 1.0 looks, 2 bursts" in printed.out
    assert "sigma0 as intensity, float32" in printed.out
    assert "other.npy: has no annotation of calibration" in printed.err
    assert sorted(p.name for p in out.iterdir()) == [
        f"{root.stem}-iw1-vv.tif",
        f"{root.stem}-iw2-vv.tif",
    ]
    assert run("despeckle", root, "--output", tmp_path / "one.tif") == 1
    assert "there are 4 images" in capsys.readouterr().err
    manifest = ["despeckle", root / "manifest.safe", "--output", tmp_path / "m"]
    assert not run(*manifest, "--weights", smoke_run, "--layers", "iw1-vh")
    assert (tmp_path / "m" / f"{root.stem}-iw1-vh.tif").exists()
    one = ["despeckle", safe.zipped(root), "--output", tmp_path / "one.tif"]
    assert not run(*one, "--weights", smoke_run, "--layers", "iw2-vh")
    assert raster.read(tmp_path / "one.tif").pixels.shape == (40, 30)
    assert run(*one, "--layers", "iw3-vh", "--overwrite") == 1
    assert "holds iw1-vh, iw1-vv, iw2-vh, iw2-vv" in capsys.readouterr().err


def test_results_that_are_there_are_passed_over_on_resume(
    tmp_path, slc, smoke_run, capsys
):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", slc)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.npy").write_text("from an earlier run")
    inputs = [tmp_path / "a.npy", tmp_path / "b.npy"]
    command = ["despeckle", *inputs, "--output", out, "--weights", smoke_run]
    assert not run(*command, "--resume")
    assert "a.npy: is there already; passed over" in capsys.readouterr().out
    assert (out / "a.npy").read_text() == "from an earlier run"
    assert np.load(out / "b.npy").shape == slc.shape
    assert not run(*command, "--resume")


def test_no_gpu_is_told(tmp_path, slc_file, capsys):
    output = tmp_path / "out.npy"
    assert run("despeckle", slc_file, "--output", output, "--device", "gpu") == 1
    assert "JAX finds none" in capsys.readouterr().err


def test_looks_are_told_estimated_and_printed(tmp_path, rng, smoke_run, capsys):
    np.save(tmp_path / "in.npy", rng.gamma(6, 1 / 6, (64, 64)))
    command = ["despeckle", tmp_path / "in.npy", "--output", tmp_path / "out.npy"]
    assert not run(*command, "--weights", smoke_run, "--looks", 4.4)
    assert "taken as intensity, 4.4 looks" in capsys.readouterr().out
    assert not run(*command, "--weights", smoke_run, "--overwrite")
    found = float(capsys.readouterr().out.split("intensity, ")[1].split(" ")[0])
    assert found == pytest.approx(6, rel=0.15)
    assert run(*command, "--weights", smoke_run, "--overwrite", "--looks", 0)
    assert "looks=0.0 must be at least 1" in capsys.readouterr().err


def test_an_empty_output_is_refused(slc_file, capsys):
    with pytest.raises(SystemExit):
        run("despeckle", slc_file, "--output", "")
    assert "is empty; name a file or a folder" in capsys.readouterr().err


def test_console_command_equals_the_module(tmp_path):
    for command in (
        [sys.executable, "-m", "pgd2jax.cli", "--version"],
        [f"{sys.prefix}/bin/pgd2jax", "--version"],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert result.stdout.strip() == "0.1.0"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"input": "none.npy"}, "none.npy: there is no such file"),
        ({"input": "cut.tif"}, "cut.tif: cannot be read"),
        ({"input": "real.npy"}, "real.npy: its lowest pixel"),
        ({"input": "cube.npy"}, "cube.npy: shape=(2, 2, 2)"),
        ({"input": "empty.npy"}, "empty.npy"),
        ({"pixels": "amplitude"}, "cannot be taken as amplitude"),
        ({"output": "none/out.npy"}, "none does not exist; make it"),
        ({"output": "out.jpg"}, "must end in"),
        ({"output": "slc.npy"}, "is the input"),
        ({"weights": "none"}, "no such folder of weights"),
        ({"weights": "."}, "holds no weights"),
        ({"tile": "0"}, "must be at least 1"),
    ],
)
def test_mistakes_end_in_one_sentence(
    tmp_path, slc_file, smoke_run, capsys, change, says
):
    np.save(tmp_path / "real.npy", -np.ones((8, 8)))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2)))
    np.save(tmp_path / "empty.npy", np.ones((0, 5), np.complex64))
    (tmp_path / "cut.tif").write_bytes(b"II*\0\x08\0\0\0")
    given = {"input": "slc.npy", "output": "out.npy", "weights": smoke_run} | change
    paths = {
        n: tmp_path / v for n, v in given.items() if n in ("input", "output", "weights")
    }
    options = [
        f"--{name}={given[name]}" for name in ("tile", "pixels") if name in given
    ]
    before = sorted(tmp_path.iterdir())
    code = run(
        "despeckle",
        paths["input"],
        f"--output={paths['output']}",
        f"--weights={paths['weights']}",
        *options,
    )
    assert code == 1
    # The bar of a broken run may stand before the sentence.
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("pgd2jax: ")
    assert says in sentence
    assert sorted(tmp_path.iterdir()) == before


def test_evaluation_ranks_all_methods(tmp_path, smoke_run, capsys, tiny_data_set):
    output = tmp_path / "found"
    options = {"weights": smoke_run, "data_dir": tiny_data_set, "output": output}
    assert not run("evaluate", *(f"--{n}={v}" for n, v in options.items()))
    printed = capsys.readouterr().out
    with open(output / "rows.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == set(methods.DEFAULT)
    for method in methods.DEFAULT:
        assert method in printed
    noisy = [float(r["rmse"]) for r in rows if r["method"] == "noisy"]
    # One-look speckle in decibels: sqrt(5.57^2 + 2.51^2), less no pixel.
    assert np.sqrt(np.mean(np.square(noisy))) == pytest.approx(6.1, abs=0.15)


@pytest.fixture
def dates(tmp_path):
    """Writes five dates of a GeoTIFF series; a corner has no data."""
    folder = tmp_path / "dates"
    folder.mkdir()
    place = transform.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    rng = np.random.default_rng(0)
    for date in range(5):
        image = rng.exponential(size=(50, 40)).astype(np.float32)
        image[:8, :8] = -9999
        with rasterio.open(
            folder / f"2024010{date}.tif",
            "w",
            driver="GTiff",
            height=50,
            width=40,
            count=1,
            dtype="float32",
            crs="EPSG:32632",
            transform=place,
            nodata=-9999,
        ) as file:
            file.write(image, 1)
    return folder


@pytest.mark.parametrize("looks", [0, -1, "nan", "inf"])
def test_looks_to_evaluate_with_are_checked(tmp_path, capsys, looks):
    np.save(tmp_path / "i.npy", np.ones((64, 64), np.float32))
    command = ("evaluate", "--files", tmp_path / "i.npy", "--methods", "noisy,lee")
    assert run(*command, f"--looks={looks}") == 1
    assert f"--looks={looks} must be at least 1" in capsys.readouterr().err


def test_reference_of_a_series_keeps_its_place_and_tells_its_looks(
    tmp_path, dates, capsys
):
    output, looks = tmp_path / "ref.tif", tmp_path / "looks.tif"
    options = ["--window", 7, 7, "--looks-map", looks]
    assert not run("reference", dates, "--output", output, *options)
    said = r"5 dates of 50 x 40, taken as intensity of \d\.\d looks"
    assert re.search(said, capsys.readouterr().out)
    with rasterio.open(output) as file:
        assert file.crs.to_epsg() == 32632
        assert file.transform.c == 500_000
        reference = file.read(1)
    with rasterio.open(looks) as file:
        number = file.read(1)
    assert np.isnan(reference[:8, :8]).all()
    assert (number[:8, :8] == 0).all()
    assert np.isfinite(reference[8:]).all()
    assert reference[8:].mean() == pytest.approx(1, abs=0.1)
    assert np.median(number[8:]) > 100


def test_room_for_a_reference_is_looked_at_first(tmp_path, dates, capsys, monkeypatch):
    full = types.SimpleNamespace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    monkeypatch.setattr(raster, "read_stack", None)
    assert run("reference", dates, "--output", tmp_path / "ref.tif") == 1
    assert "ref.tif: may take 8e-06 GB" in capsys.readouterr().err


def test_no_scenes_are_none_to_evaluate(capsys):
    assert run("evaluate", "--scenes=0", "--methods=noisy") == 1
    assert "--scenes=0 must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--window", 4, 7], "odd"),
        (["--level", 0], "level"),
        (["--tile", 100], "multiple of 8"),
        (["--looks", 0.5], "at least 1"),
        (["--pixels", "slc"], "cannot be taken as slc"),
        (["--looks-map", "dates/20240101.tif"], "taken already"),
        (["--looks-map", "ref.tif"], "taken already"),
        (["--output", "nowhere/ref.tif"], "does not exist"),
        (["--output", "dates/ref.tif"], "taken for a date next time"),
    ],
)
def test_reference_refuses_what_cannot_be(
    tmp_path, dates, capsys, monkeypatch, options, says
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run("reference", dates, "--output", "ref.tif", *options) == 1
    assert says in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
