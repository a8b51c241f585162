import numpy as np

from pgd2jax.infer import masks


def test_single_zeros_are_data_and_squares_of_zeros_are_not(rng):
    power = rng.exponential(size=(30, 40)) + 0.1
    power[3, 4] = 0
    power[10:15, 20:26] = 0
    expected = np.zeros(power.shape, bool)
    expected[10:15, 20:26] = True
    np.testing.assert_array_equal(masks.no_data(power), expected)


def test_zeros_at_the_border_and_corner_are_no_data(rng):
    power = rng.exponential(size=(30, 40)) + 0.1
    power[:2] = 0
    power[-3:, -3:] = 0
    expected = power == 0
    np.testing.assert_array_equal(masks.no_data(power), expected)


def test_nan_and_infinity_are_no_data():
    power = np.ones((6, 6))
    power[0, 0], power[5, 3] = np.nan, np.inf
    np.testing.assert_array_equal(masks.no_data(power), ~np.isfinite(power))


def test_one_row_of_zeros_is_no_data():
    assert masks.no_data(np.zeros((1, 50))).all()


def test_gap_is_filled_with_its_mirror_image():
    image = np.arange(10.0)[None]
    missing = np.zeros((1, 10), bool)
    missing[0, 6:] = True
    # The edge pixel, 5, is the mirror: 6 shows 4, 7 shows 3.
    np.testing.assert_array_equal(
        masks.fill(image, missing)[0], [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    )


def test_gap_between_gaps_takes_the_nearest():
    image = np.array([[1.0, np.nan, 3.0, np.nan, np.nan]])
    filled = masks.fill(image, np.isnan(image))
    assert np.isfinite(filled).all()
    assert filled[0, 2] == 3
