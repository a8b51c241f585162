import numpy as np
import pytest

from pgd2jax.metrics import referenced

ONE = np.ones((4, 4), np.float32)


def test_twice_the_power_is_three_decibels_off():
    assert referenced.rmse_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)
    assert referenced.bias_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)
    assert referenced.sum_ratio_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)


def test_psnr_by_hand():
    reference = np.array([[4.0, 1.0]])
    estimate = np.array([[4.0, 4.0]])  # Amplitude 2 for 1, peak 2: mse 1/8.
    expected = 10 * np.log10(8)
    assert referenced.psnr_amplitude_db(estimate, reference) == pytest.approx(expected)
    assert referenced.psnr_amplitude_db(reference, reference) == float("inf")


def test_nan_pixels_are_left_out():
    broken = np.where(np.eye(4, dtype=bool), np.nan, 2 * ONE)
    assert referenced.rmse_db(broken, ONE) == pytest.approx(3.0103, abs=1e-4)


def test_zeros_in_the_estimate_give_a_large_finite_error():
    assert np.isfinite(referenced.rmse_db(0 * ONE, ONE))
    assert referenced.rmse_db(0 * ONE, ONE) == pytest.approx(60)


@pytest.mark.parametrize("name", referenced.ALL)
def test_other_sizes_and_empty_overlap_are_refused(name):
    with pytest.raises(ValueError, match="must be equal"):
        referenced.ALL[name](ONE, ONE[:2])
    with pytest.raises(ValueError, match="no pixel"):
        referenced.ALL[name](ONE * np.nan, ONE)
