import numpy as np
import pytest

from pgd2jax.sar.glrt import Rules, dates, rules


def laws(number, looks=1.0):
    correlation = np.zeros((15, 15))
    correlation[7, 7] = 1
    return rules.laws(Rules(), looks, number, correlation)


def changed(sums, counts, held=None):
    averaged = np.ones(len(sums), bool)
    if held is not None:
        averaged[held] = False
    return np.asarray(dates.changes(sums, counts, averaged, laws(averaged.sum())))


@pytest.mark.parametrize("number", [2, 3, 4, 5, 20])
def test_more_than_half_of_the_dates_stay(rng, number):
    power = 10 ** rng.uniform(-3, 3, size=(number, 40, 50))  # All differ.
    counts = np.full((1, 40, 50), 100.0)
    kept = (~changed(100 * power, counts)).sum(axis=0)
    assert (2 * kept > number).all()
    assert number < 3 or kept.min() < number


def test_few_bright_dates_do_not_outvote_many_dark_ones_nor_go_at_once():
    sums = np.full((6, 1, 1), 100.0)
    sums[4:] = 10_000.0
    found = changed(sums, np.full((1, 1, 1), 100.0))
    np.testing.assert_array_equal(found[:, 0, 0], [0, 0, 0, 0, 1, 1])
    # Of four, but one may go.
    found = changed(sums[2:], np.full((1, 1, 1), 100.0))
    assert found.sum() == 1


@pytest.mark.parametrize("pixels", [4, 6, 10, 25])
def test_unchanged_regions_lose_no_more_than_their_level(rng, pixels):
    number = 20
    sums = rng.gamma(pixels, size=(number, 200, 200))
    strict = laws(number)._replace(tolerance=np.float32(0))
    averaged = np.ones(number, bool)
    counts = np.full((1, 200, 200), float(pixels))
    lost = np.asarray(dates.changes(sums, counts, averaged, strict)).any(axis=0)
    assert lost.mean() == pytest.approx(0.01, rel=0.25)
    assert changed(sums, counts).any(axis=0).mean() < 0.006


def test_change_on_a_date_that_is_held_out_is_found_and_harms_no_other():
    sums = np.full((6, 1, 2), 100.0)
    sums[3, 0, 0] = 1000.0
    found = changed(sums, np.full((1, 1, 2), 100.0), held=3)
    np.testing.assert_array_equal(found[3], [[True, False]])
    assert found.sum() == 1


def test_regions_under_four_pixels_keep_all_dates():
    sums = np.full((6, 1, 1), 3.0)
    sums[3] = 3000.0
    assert not changed(sums, np.full((1, 1, 1), 3.0)).any()


def test_dates_with_fewer_pixels_are_less_certain():
    counts = np.full((6, 1, 1), 100.0)
    sums = counts.copy()
    sums[3] *= 1.8
    assert changed(sums, counts)[3].all()
    sums[3], counts[3] = 5 * 1.8, 5
    assert not changed(sums, counts).any()


def test_moments_are_of_the_dates_that_are_used(rng):
    power = rng.exponential(size=(5, 3, 4)).astype(np.float32)
    used = rng.random((5, 3, 4)) < 0.6
    used[:, 0, 0] = False
    mean, square, number = dates.moments(power, used)
    assert mean[0, 0] == square[0, 0] == number[0, 0] == 0
    picked = power[used[:, 1, 2], 1, 2]
    assert float(mean[1, 2]) == pytest.approx(picked.mean())
    assert float(square[1, 2]) == pytest.approx((picked**2).mean())
    assert number[1, 2] == picked.size
