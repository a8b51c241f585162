import numpy as np
import pytest

from pgd2jax.sar.glrt import law

DRAWS = 400_000


def means(rng, looks, other, coherence=0.0):
    """Draws pairs of means of circular Gaussian speckle."""

    def gaussian(dates):
        parts = rng.normal(size=(2, dates, DRAWS)) * np.sqrt(0.5)
        return parts[0] + 1j * parts[1]

    first, second = gaussian(looks), gaussian(other)
    if coherence:
        second = np.sqrt(coherence) * first + np.sqrt(1 - coherence) * second
    return (np.mean(np.abs(z) ** 2, axis=0) for z in (first, second))


@pytest.mark.parametrize(("looks", "other"), [(1, 1), (3, 12), (12, 3), (4, 40)])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_bounds_reject_their_level(rng, looks, other, level):
    low, high = law.bounds(looks, other, level)
    first, second = means(rng, looks, other)
    away = np.log(second / first)
    assert np.mean((away < low) | (away > high)) == pytest.approx(level, rel=0.06)


@pytest.mark.parametrize("looks", [1, 8, 260])
def test_half_width_is_the_bound_of_equal_looks(looks):
    low, high = law.bounds(looks, looks, 0.02)
    assert low == pytest.approx(-high)
    assert law.half_width(looks, 0.02) == pytest.approx(high, rel=1e-4)


def test_correlated_neighbours_need_a_bound_of_their_own(rng):
    first, second = means(rng, 20, 20, coherence=0.31)
    away = np.abs(np.log(second / first))
    calibrated = np.mean(away > law.half_width(20, 0.05, 0.31))
    assert calibrated == pytest.approx(0.05, rel=0.05)
    nominal = np.mean(away > law.half_width(20, 0.05))
    assert nominal == pytest.approx(0.02, rel=0.1)


def test_what_lies_between_the_bounds_of_a_known_mean_is_unbiased(rng):
    low, high = law.bounds(1e6, 8, 0.05)
    draws = rng.gamma(8, 1 / 8, size=DRAWS)
    kept = draws[(np.log(draws) > low) & (np.log(draws) < high)]
    assert 10 * np.log10(kept.mean()) == pytest.approx(0, abs=0.01)


def test_spread_is_the_variance_of_the_logarithm(rng):
    for looks in (1, 3, 30):
        draws = np.log(rng.gamma(looks, size=DRAWS))
        assert float(law.spread(looks)) == pytest.approx(draws.var(), rel=0.02)


def test_half_widths_follow_the_correlation():
    correlation = np.array([[0.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 0.0]])
    widths = law.half_widths(20, 0.05, correlation)
    assert widths[0, 0] == pytest.approx(law.half_width(20, 0.05))
    assert widths[1, 0] == pytest.approx(law.half_width(20, 0.05, 0.5))
    assert widths[1, 0] < widths[0, 0]
