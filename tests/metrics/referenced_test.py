import numpy as np
import pytest

from pgd2jax.metrics import referenced
from pgd2jax.metrics.undefined import MeasureWarning

ONE = np.ones((4, 4), np.float32)


def test_twice_the_power_is_three_decibels_off():
    assert referenced.rmse_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)
    assert referenced.bias_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)
    assert referenced.sum_ratio_db(2 * ONE, ONE) == pytest.approx(3.0103, abs=1e-4)


def test_psnr_by_hand():
    reference = np.array([[4.0, 1.0]])
    estimate = np.array([[9.0, 4.0]])  # Amplitude 2 for 1, peak 2: mse 1/8.
    expected = 10 * np.log10(8)
    assert referenced.psnr_amplitude_db(estimate, reference) == pytest.approx(expected)


def test_nan_pixels_are_left_out():
    broken = np.where(np.eye(4, dtype=bool), np.nan, 2 * ONE)
    assert referenced.rmse_db(broken, ONE) == pytest.approx(3.0103, abs=1e-4)
    assert referenced.sum_ratio_db(2 * ONE, broken) == 0


def test_zeros_in_the_estimate_give_a_large_finite_error():
    assert np.isfinite(referenced.rmse_db(0 * ONE, ONE))
    assert referenced.rmse_db(0 * ONE, ONE) == pytest.approx(60)


@pytest.mark.parametrize("name", referenced.ALL)
def test_other_sizes_and_empty_overlap_are_refused(name):
    with pytest.raises(ValueError, match="must be equal"):
        referenced.ALL[name](ONE, ONE[:2])
    with pytest.raises(ValueError, match="no pixel"):
        referenced.ALL[name](ONE * np.nan, ONE)


def test_measures_that_are_not_defined_are_nan_with_a_warning():
    for measure, images in (
        (referenced.psnr_amplitude_db, (ONE, ONE)),
        (referenced.psnr_amplitude_db, (ONE, 0 * ONE)),
        (referenced.sum_ratio_db, (0 * ONE, ONE)),
        (referenced.rmse_db, (ONE, 0 * ONE)),
        (referenced.gain_db, (2 * ONE, ONE, ONE)),
        (referenced.gain_db, (ONE, 2 * ONE, ONE)),
    ):
        with pytest.warns(MeasureWarning):
            assert np.isnan(measure(*images))


def test_gain_is_ten_decibels_for_a_tenth_of_the_square_error():
    noisy, estimate = 1 + np.sqrt(10) * ONE, 2 * ONE
    assert referenced.gain_db(noisy, estimate, ONE) == pytest.approx(10, abs=1e-5)
    assert referenced.gain_db(noisy, noisy, ONE) == 0
