import numpy as np
import pytest

from pgd2jax.infer.survey import survey, whitener
from tests import safe


@pytest.mark.parametrize("top", [3400, 3530])  # Between two strips, and at one.
def test_looks_are_those_of_what_data_there_are(rng, top):
    scene = np.full((10_000, 400), np.nan, np.float32)
    scene[top : top + 250, 90:340] = 3 * rng.gamma(4, 1 / 4, (250, 250))
    seen = survey(lambda start, stop: scene[start:stop], scene.shape)
    assert seen.looks == pytest.approx(4, rel=0.15)
    assert seen.scale == pytest.approx(3 * np.exp(-0.13), rel=0.05)  # Of four looks.


def test_a_large_scene_is_read_in_a_few_strips(rng):
    scene, read = rng.exponential(size=(10_000, 50)), []

    def rows(start, stop):
        read.append((start, stop))
        return scene[start:stop].astype(np.float32)

    survey(rows, scene.shape)
    assert 16 <= len(read) <= 32
    assert read[0][0] == 0
    assert read[-1][1] > 9_600
    assert all(stop - start == 16 for start, stop in read)


def test_few_rows_tell_how_to_whiten_a_large_scene():
    scene, read = safe.slc((4_001, 700)).astype(np.complex64), []
    scene = scene[1:] + 0.8 * scene[:-1]  # A band along the rows, none across.

    def rows(start, stop):
        read.append(stop - start)
        return scene[start:stop]

    found = whitener(rows, scene.shape)
    assert sum(read) <= 1_024
    assert not found.moves.any()
    assert found.centroid[0] == pytest.approx(0, abs=0.01)
    assert abs(found.taps[0, 1]) > 0.2 > 0.05 > np.abs(found.taps[1, 1:]).max()


@pytest.mark.parametrize("shape", [(63, 4_000), (4_000, 63), (70, 70)])
def test_small_scenes_and_those_without_data_tell_nothing(shape):
    scene = np.zeros(shape, np.complex64)
    assert whitener(lambda start, stop: scene[start:stop], shape) is None


def test_a_scene_without_data_is_not_read_whole():
    read = []

    def rows(start, stop):
        read.append(stop - start)
        return np.full((stop - start, 70), np.nan, np.complex64)

    assert whitener(rows, (50_000, 70)) is None
    assert sum(read) < 6_000


def test_data_in_one_place_are_looked_for():
    scene = np.full((10_000, 400), np.nan, np.complex64)
    slc = safe.slc((251, 250)).astype(np.complex64)
    scene[3400:3650, 90:340] = slc[1:] + 0.8 * slc[:-1]
    found = whitener(lambda start, stop: scene[start:stop], scene.shape)
    assert abs(found.taps[0, 1]) > 0.2


def test_zeros_are_no_data(rng):
    scene = rng.exponential(size=(64, 64)).astype(np.float32)
    half = scene.copy()
    half[:, :32] = 0
    seen, whole = (survey(lambda a, b, x=x: x[a:b], x.shape) for x in (half, scene))
    assert seen.scale == pytest.approx(float(whole.scale), rel=0.1)


def test_powers_under_float32_are_refused():
    scene = np.full((32, 32), 1e-42, np.float32)
    with pytest.raises(ValueError, match="too small"):
        survey(lambda start, stop: scene[start:stop], scene.shape)


def test_data_on_one_side_are_looked_for():
    scene, slc = np.zeros((64, 4_000), np.complex64), safe.slc((65, 2_000))
    scene[:, 2_000:] = slc[1:] + 0.8 * slc[:-1]
    assert whitener(lambda start, stop: scene[start:stop], scene.shape) is not None
