import json
import pickle
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest

import pgd2jax
from pgd2jax import checkpoints
from pgd2jax.infer import Despeckler
from pgd2jax.infer import despeckler as despeckler_module
from pgd2jax.sar import halves as sar_halves


def scene(shape, seed=0):
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(2, *shape))
    level = 1 + 20 * (np.arange(shape[1]) > shape[1] // 2)
    return ((parts[0] + 1j * parts[1]) * np.sqrt(level)).astype(np.complex64)


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (33, 1), (31, 47), (64, 64)])
def test_any_size_comes_back_finite_and_as_large(despeckler, shape):
    clean = despeckler(scene(shape))
    assert clean.shape == shape
    assert clean.dtype == np.float32
    assert np.isfinite(clean).all()
    assert (clean > 0).all()


def test_a_despeckler_travels_to_other_processes(despeckler):
    again = pickle.loads(pickle.dumps(despeckler))
    np.testing.assert_array_equal(again(scene((40, 30))), despeckler(scene((40, 30))))


FORKS = """
import multiprocessing, sys
import numpy as np
import pgd2jax

despeckler = pgd2jax.load(sys.argv[1])

def work(load):
    try:
        found = pgd2jax.load(sys.argv[1]) if load else despeckler(np.ones((9, 9), "c8"))
    except RuntimeError as error:
        return str(error)

with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(work, [False, True]))
"""


def test_a_forked_process_is_told_to_spawn(smoke_run):
    command = [sys.executable, "-W", "ignore", "-c", FORKS, smoke_run]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.count("start processes by multiprocessing.get_context(") == 2


def test_programs_for_images_of_many_sizes_do_not_pile_up(far, monkeypatch):
    monkeypatch.setattr(despeckler_module, "MOST_PROGRAMS", 2)
    fresh = Despeckler(far.model, far.params, config={})
    for rows in (40, 70, 140, 40, 40):
        image = scene((rows, 40))
        np.testing.assert_array_equal(fresh(image), far(image))
        assert 1 <= fresh._apply._cache_size() <= 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"denoise_depth": [0, 1, 0]}, "copy both again"),  # Some weights to spare.
        ({"features": 16}, "copy both again"),
        ({"features": 0}, "no network of this version"),
        ({"features": 8.5}, "no network of this version"),
        (None, "names no network"),
    ],
)
def test_weights_must_be_of_their_configuration(tmp_path, smoke_run, changes, says):
    shutil.copytree(smoke_run / "checkpoints" / "4", tmp_path / "4")
    path = tmp_path / "4" / "config" / "metadata"
    config = json.loads(path.read_text())
    if changes is None:
        config = None
    else:
        config["model"] |= changes
    path.write_text(json.dumps(config))
    with pytest.raises(checkpoints.CheckpointError, match=rf"^{tmp_path}/4: .*{says}"):
        pgd2jax.load(tmp_path / "4")
    with pytest.raises(ValueError, match=r"^dtype='float16' must be auto"):
        pgd2jax.load(tmp_path / "4", dtype="float16")


@pytest.mark.parametrize("factor", [1e-4, 0.01, 3.0, 1e4])
def test_result_scales_with_the_power(far, factor):
    slc = scene((48, 40))
    np.testing.assert_allclose(far(factor * slc), factor**2 * far(slc), rtol=2e-4)


def test_tiles_equal_one_piece(far):
    slc = scene((175, 201))
    whole = far(slc, tile=1000)
    for tile in (16, 33, 64):
        np.testing.assert_allclose(far(slc, tile=tile), whole, rtol=1e-5)


def test_tiles_with_gaps_equal_one_piece(far):
    slc = scene((190, 210))
    slc[40:47, 30:160], slc[:, 100:103] = np.nan, 0
    slc[120:, :60], slc[5, 5] = 0, np.inf
    whole = far(slc, tile=1000)
    for tile in (16, 48):
        np.testing.assert_allclose(far(slc, tile=tile), whole, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1200, 20)])
def test_long_scenes_equal_one_piece(far, shape):
    slc = scene(shape)
    whole = far(slc, tile=4000)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(far(slc, tile=128), whole, rtol=1e-5)


def test_tiles_are_dealt_to_all_devices(network, far):
    devices = jax.local_devices()[:2]
    two = Despeckler(*network, config={}, devices=devices)
    slc = scene((40, 190))
    np.testing.assert_allclose(two(slc, tile=32), far(slc), rtol=1e-5)


def test_data_that_only_the_last_rows_hold_are_found(far):
    slc = np.zeros((1500, 20), np.complex64)
    slc[-30:] = scene((30, 20))
    clean = far(slc)
    assert (clean[:-30] == 0).all()
    assert (clean[-30:] > 0).all()


def test_intensity_alone_works_and_differs(far):
    slc = scene((32, 32))
    without = far(intensity=np.abs(slc) ** 2)
    assert np.isfinite(without).all()
    assert not np.allclose(without, far(slc), rtol=1e-3)


def test_looks_are_told_or_estimated(far):
    rng = np.random.default_rng(0)
    power = rng.gamma(6, 1 / 6, (64, 64)).astype(np.float32)
    told, estimated = far(intensity=power, looks=6), far(intensity=power)
    np.testing.assert_allclose(told, estimated, rtol=0.05)
    assert np.abs(told / far(intensity=power, looks=1) - 1).max() > 0.01


def test_more_looks_than_the_network_knows_are_told(far, caplog):
    power = np.ones((32, 32), np.float32)
    np.testing.assert_array_equal(
        far(intensity=power, looks=40), far(intensity=power, looks=12)
    )
    assert "40.0 looks are more than the 12" in caplog.text


def test_averaged_samples_are_warned_of(far, caplog):
    slc = scene((64, 64))
    far(slc)
    assert not caplog.text
    far(np.abs(slc) ** 0.5 * np.exp(1j * np.angle(slc)))
    assert "were they averaged" in caplog.text


def test_nan_stays_and_spares_its_neighbours(far):
    slc = scene((64, 64))
    broken = slc.copy()
    broken[10, 12], broken[40:50, 20:30] = np.nan, np.inf
    clean, whole = far(broken), far(slc)
    lost = ~np.isfinite(broken)
    np.testing.assert_array_equal(np.isnan(clean), lost)
    change = np.abs(10 * np.log10(clean / whole))[~lost]
    # Random weights follow every sample within reach, but the mean power stays.
    assert np.median(change) < 0.5
    assert clean[~lost].mean() == pytest.approx(whole[~lost].mean(), rel=0.1)


@pytest.mark.parametrize("drift", [0.0, 1.8 / 256])
def test_white_samples_show_no_seam(white_far, drift):
    slc = scene((241, 223))
    slc = slc[1:] + 0.8 * slc[:-1]
    row, col = np.mgrid[:240, :223]
    slc *= np.exp(2j * np.pi * (0.25 * row - 0.2 * col + drift / 2 * row**2))
    slc[90:130, 100:150] = np.nan
    slc = slc.astype(np.complex64)
    whole = white_far(slc)
    np.testing.assert_allclose(white_far(slc, tile=32), whole, rtol=1e-5)


def test_a_small_image_is_despeckled_without_its_phase(white_far, caplog):
    slc = scene((40, 50))
    without = white_far(intensity=np.abs(slc) ** 2, looks=1)
    np.testing.assert_allclose(white_far(slc), without, rtol=1e-4)
    assert "without its phase" in caplog.text


def test_no_data_stays_zero_and_isolated_zeros_are_despeckled(far):
    slc = scene((64, 64))
    slc[:, :20], slc[40, 50] = 0, 0
    clean = far(slc)
    assert (clean[:, :20] == 0).all()
    assert (clean[:, 20:] > 0).all()


def test_all_zeros_come_back_as_zeros_and_all_nan_as_nan(far, caplog):
    assert (far(np.zeros((20, 20), np.complex64)) == 0).all()
    assert np.isnan(far(np.full((20, 20), np.nan + 0j))).all()
    assert caplog.text.count("holds no data") == 2


def test_double_precision_is_taken(far):
    slc = np.round(100 * scene((32, 32)))
    np.testing.assert_allclose(far(slc.astype(np.complex128)), far(slc), rtol=1e-5)
    power = np.abs(slc) ** 2
    np.testing.assert_allclose(
        far(intensity=power.astype(np.float32)), far(intensity=power), rtol=1e-5
    )


def test_what_is_masked_is_no_data(far):
    slc = scene((64, 64))
    masked = np.ma.masked_array(slc, np.zeros(slc.shape, bool), fill_value=1e3)
    masked[10:20, 30:50] = np.ma.masked
    gaps = np.where(masked.mask, np.nan, slc)
    np.testing.assert_array_equal(far(masked), far(gaps))
    power = np.ma.masked_array(np.abs(slc) ** 2, masked.mask)
    found = far(intensity=power, looks=1)
    np.testing.assert_array_equal(np.isnan(found), masked.mask)


def test_weights_of_merlin_despeckle_both_halves(network, far, tmp_path):
    merlin = Despeckler(*network, config={"data": {"source": "merlin"}})
    slc = scene((96, 80))
    slc[40, 30] = np.nan
    clean = merlin(slc)
    halves = [far(intensity=half, looks=1) for half in sar_halves.of(slc)]
    np.testing.assert_allclose(clean, sum(halves) / 2, rtol=1e-6)
    assert np.isnan(clean[40, 30])
    power = np.nan_to_num(np.abs(slc)) ** 2
    np.testing.assert_array_equal(
        merlin(intensity=power, looks=1), far(intensity=power, looks=1)
    )
    with pytest.raises(ValueError, match="one look"):
        merlin(slc, looks=2)
    path = tmp_path / "scene.npy"
    np.save(path, slc)
    with pytest.raises(ValueError, match=r"scene\.npy.*as an array, of one burst"):
        merlin.open(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either slc or intensity"),
        ({"slc": np.ones((4, 4)), "intensity": np.ones((4, 4))}, "either"),
        ({"slc": np.ones((4, 4), np.float32)}, "must be complex"),
        ({"slc": np.ones((0, 4), np.complex64)}, "not empty"),
        ({"slc": np.ones((2, 4, 4), np.complex64)}, r"\[rows, cols\]"),
        ({"intensity": np.ones((4, 4), np.complex64)}, "must be real"),
        ({"intensity": -np.ones((4, 4), np.float32)}, "decibels"),
        ({"intensity": np.array([["a"]])}, "must be floats"),
        ({"intensity": np.ones((4, 4), np.uint16)}, "are amplitudes"),
        ({"intensity": np.ones((4, 4)), "looks": 0.5}, "at least 1"),
        ({"intensity": np.ones((4, 4)), "looks": np.nan}, "at least 1"),
        ({"slc": np.ones((4, 4), np.complex64), "looks": 3}, "one look"),
    ],
)
def test_wrong_images_are_named(far, arguments, message):
    with pytest.raises(ValueError, match=message):
        far(**arguments)


def test_progress_counts_to_the_end(far):
    seen = []
    far(scene((40, 170)), tile=16, progress=lambda *count: seen.append(count))
    # Of 176 columns all but two halos of 64; the first core has its halo, too.
    assert seen == [(40 * 80, 6800), (40 * 96, 6800), (6800, 6800)]


def test_load_names_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        pgd2jax.load(tmp_path / "none")
    with pytest.raises(ValueError, match="holds no weights"):
        pgd2jax.load(tmp_path)


def test_real_scenes_are_flattened_and_calibrated(real_data, despeckler):
    from pgd2jax.metrics import unreferenced, windows

    path = real_data / "uavsar_winnipeg_slc" / "winnipeg_hh.npz"
    with np.load(path) as file:
        slc = file["slc"]
    clean = despeckler(slc)
    assert np.isfinite(clean).all()
    power = np.abs(slc) ** 2
    window = windows.flattest(power)
    # The smoke weights are hardly trained: only that nothing breaks.
    assert unreferenced.enl(clean[window]) >= 0.9 * unreferenced.enl(power[window])
