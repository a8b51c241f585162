import numpy as np
import pytest

from pgd2jax.sar import pixels


def test_single_zeros_are_data_and_squares_of_zeros_are_not(rng):
    power = rng.exponential(size=(30, 40)) + 0.1
    power[3, 4] = 0
    power[10:15, 20:26] = 0
    expected = np.zeros(power.shape, bool)
    expected[10:15, 20:26] = True
    np.testing.assert_array_equal(pixels.no_data(power), expected)


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_zeros_across_a_narrow_image_are_where_they_are(rows):
    power = np.ones((rows, 40))
    power[1:, 20:26] = 0  # They go on beyond the border.
    np.testing.assert_array_equal(pixels.no_data(power), power == 0)


def test_zeros_at_the_border_and_corner_are_no_data(rng):
    power = rng.exponential(size=(30, 40)) + 0.1
    power[:2] = 0
    power[-3:, -3:] = 0
    expected = power == 0
    np.testing.assert_array_equal(pixels.no_data(power), expected)


def test_nan_and_infinity_are_no_data():
    power = np.ones((6, 6))
    power[0, 0], power[5, 3] = np.nan, np.inf
    np.testing.assert_array_equal(pixels.no_data(power), ~np.isfinite(power))


def test_one_row_of_zeros_is_no_data():
    assert pixels.no_data(np.zeros((1, 50))).all()


def test_samples_keep_their_kind_and_lose_what_is_no_data(rng):
    slc = (rng.normal(size=(20, 20)) + 1j * rng.normal(size=(20, 20))).astype("c16")
    slc[:6, :6] = 0
    samples = pixels.samples_of(slc)
    assert samples.dtype == np.complex64
    assert np.isnan(samples[:6, :6]).all()
    np.testing.assert_allclose(samples[6:], slc[6:], rtol=1e-6)
    power = pixels.samples_of(np.full((8, 8), 3, np.uint16), "amplitude")
    assert power.dtype == np.float32
    np.testing.assert_array_equal(power, 9)


def test_decibels_are_refused():
    with pytest.raises(ValueError, match="negative"):
        pixels.samples_of(np.full((8, 8), -12.0))
    with pytest.raises(ValueError, match="negative"):
        pixels.samples_of(np.full((8, 8), -12.0), "amplitude")


def test_what_pixels_mean_is_told_from_their_type():
    for dtype, kind in [
        (np.complex64, "slc"),
        (np.uint16, "amplitude"),
        (np.float32, "intensity"),
    ]:
        assert pixels.kind_of(np.ones((2, 2), dtype)) == kind
    assert pixels.kind_of(np.ones((2, 2), np.uint16), "intensity") == "intensity"
    with pytest.raises(ValueError, match="cannot be taken as slc"):
        pixels.kind_of(np.ones((2, 2), np.uint16), "slc")
