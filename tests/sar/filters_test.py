import numpy as np
import pytest

from pgd2jax.sar import filters


@pytest.mark.parametrize("name", filters.FILTERS)
def test_constant_image_stays(name):
    image = np.full((20, 30), 3.0, np.float32)
    np.testing.assert_allclose(filters.FILTERS[name](image), image, rtol=1e-6)


@pytest.mark.parametrize("name", filters.FILTERS)
def test_flat_speckle_is_smoothed_and_keeps_its_mean(name, rng):
    image = rng.exponential(size=(128, 128)).astype(np.float32)
    clean = filters.FILTERS[name](image)
    assert clean.mean() == pytest.approx(1, abs=0.05)
    assert clean.var() < 0.2


def test_boxcar_is_the_window_mean(rng):
    image = rng.exponential(size=(9, 9)).astype(np.float32)
    clean = filters.boxcar(image, 5)
    assert clean[4, 4] == pytest.approx(image[2:7, 2:7].mean(), rel=1e-5)


def test_lee_keeps_a_strong_point():
    image = np.ones((15, 15), np.float32)
    image[7, 7] = 1e4
    # Variation 47: gain (47 - 1) / (47 * 2) = 0.49 of the contrast stays.
    assert 0.4e4 < filters.lee(image)[7, 7] < 0.6e4
