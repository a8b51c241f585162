import numpy as np
import pytest

from pgd2jax.sar import radiometry


def test_intensity_of_largest_complex_int16_does_not_overflow():
    slc = np.array([[-32768 - 32768j]], np.complex64)
    assert radiometry.intensity(slc)[0, 0] == 2.0**31


def test_slc_round_trips_through_intensity_and_phase(rng):
    slc = (rng.normal(size=(8, 9)) + 1j * rng.normal(size=(8, 9))).astype(np.complex64)
    back = radiometry.slc(radiometry.intensity(slc), radiometry.phase(slc))
    np.testing.assert_allclose(back, slc, rtol=1e-5)


def test_a_factor_of_ten_is_ten_decibels_and_back():
    assert radiometry.decibel(10.0) == pytest.approx(10)
    assert radiometry.from_decibel(20.0) == pytest.approx(100)
    assert radiometry.amplitude_from_decibel(20.0) == pytest.approx(10)


def test_geometric_mean_leaves_out_zeros():
    power = np.array([1.0, 4.0, 0.0])
    assert radiometry.geometric_mean(power) == pytest.approx(2)
    assert radiometry.geometric_mean(np.zeros(3)) == 1


def test_log_intensity_of_zero_is_finite():
    assert np.isfinite(radiometry.log_intensity(np.zeros(2, np.float32))).all()
