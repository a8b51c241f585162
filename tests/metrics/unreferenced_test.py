import numpy as np
import pytest

from pgd2jax.metrics import unreferenced


@pytest.mark.parametrize("looks", [1, 4, 16])
def test_enl_of_gamma_speckle_is_its_looks(looks, rng):
    flat = rng.gamma(looks, 1 / looks, size=(256, 256))
    np.testing.assert_allclose(unreferenced.enl(flat), looks, rtol=0.05)


def test_enl_of_a_constant_window_is_infinite():
    assert unreferenced.enl(np.ones((4, 4))) == float("inf")


def test_flattest_window_is_the_flat_quarter(rng):
    level = np.ones((128, 128))
    level[:, 64:] = 10 ** rng.uniform(-1, 1, (128, 64))
    level[:64] *= np.linspace(1, 30, 64)[:, None]
    noisy = level * rng.exponential(size=level.shape)
    row, col = unreferenced.flattest_window(noisy)
    assert row.start >= 64
    assert col.stop <= 64


def test_flattest_window_stays_within_its_mask_or_says_there_is_none(rng):
    noisy = rng.exponential(size=(64, 64))
    within = np.zeros((64, 64), bool)
    within[:40, 24:] = True
    row, col = unreferenced.flattest_window(noisy, within=within)
    assert within[row, col].all()
    with pytest.raises(ValueError, match="no valid window"):
        unreferenced.flattest_window(noisy, within=~within & False)


def test_ratio_is_noisy_over_despeckled_and_nan_without_power():
    noisy, clean = np.array([[2.0, 3.0]]), np.array([[4.0, 0.0]])
    np.testing.assert_array_equal(unreferenced.ratio(noisy, clean), [[0.5, np.nan]])
