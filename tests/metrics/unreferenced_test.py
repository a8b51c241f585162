import numpy as np
import pytest

from pgd2jax.metrics import unreferenced
from pgd2jax.metrics.undefined import MeasureWarning


@pytest.mark.parametrize("looks", [1, 4, 16])
def test_enl_of_gamma_speckle_is_its_looks(looks, rng):
    flat = rng.gamma(looks, 1 / looks, size=(256, 256))
    np.testing.assert_allclose(unreferenced.enl(flat), looks, rtol=0.05)


def test_enl_of_a_constant_window_is_nan_with_a_warning():
    for window in (np.ones((4, 4)), np.ones((1, 1)), np.full((4, 4), np.nan)):
        with pytest.warns(MeasureWarning):
            assert np.isnan(unreferenced.enl(window))


def test_ratio_is_noisy_over_despeckled_and_nan_without_power():
    noisy, clean = np.array([[2.0, 3.0]]), np.array([[4.0, 0.0]])
    np.testing.assert_array_equal(unreferenced.ratio(noisy, clean), [[0.5, np.nan]])


def test_ratio_of_pure_speckle_has_mean_one_and_the_speckles_variance(rng):
    noisy = rng.gamma(4, 1 / 4, size=(256, 256))
    flat = np.ones_like(noisy)
    # Standard errors of 65,536 samples: 0.002 and 0.008.
    assert unreferenced.ratio_mean(noisy, flat) == pytest.approx(1, abs=0.008)
    assert unreferenced.ratio_looks(noisy, flat, 4) == pytest.approx(1, abs=0.04)
    assert unreferenced.ratio_mean(noisy, 2 * flat) == pytest.approx(0.5, abs=0.004)


def test_median_over_windows_and_none_without_windows():
    image = np.arange(16.0).reshape(4, 4)
    windows = [(slice(r, r + 1), slice(0, 4)) for r in (0, 2, 3)]
    assert unreferenced.over_windows(np.mean, windows, image) == 9.5
    with pytest.warns(MeasureWarning, match="no homogeneous window"):
        assert np.isnan(unreferenced.over_windows(np.mean, [], image))
