import numpy as np
import pytest

from pgd2jax.infer.survey import survey


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
