import numpy as np
import pytest
from scipy import ndimage

from pgd2jax.metrics import structure, unreferenced, windows
from pgd2jax.metrics.undefined import MeasureWarning


def test_homogeneity_of_shuffled_speckle_is_that_of_the_speckle(rng):
    assert structure.texture_residual(rng.exponential(size=(256, 256))) < 0.5


def test_texture_residual_of_stripes_by_hand():
    # Columns of the lowest and highest level in pairs. Among neighbours in a row and
    # on both diagonals half are equal, in a column all: homogeneity 5/8 + 3/8 / 50.
    # Shuffled, half of all are: 1/2 + 1/2 / 50.
    ratio = np.tile([0.0, 0.0, 1.0, 1.0], (400, 100))
    found, mixed = 5 / 8 + 3 / 8 / 50, 1 / 2 + 1 / 2 / 50
    expected = 100 * (found - mixed) / found
    assert structure.texture_residual(ratio) == pytest.approx(expected, rel=0.03)


def test_looks_residual_by_hand(rng):
    noisy = rng.gamma(1, size=(64, 64))
    window = [(slice(0, 64), slice(0, 64))]
    assert structure.looks_residual(noisy, noisy / noisy.mean(), window) < 1e-6
    # The mean is 20 % off and nothing else: 50 x 0.2.
    ratio = 1.2 * noisy / noisy.mean()
    assert structure.looks_residual(noisy, ratio, window) == pytest.approx(10)
    # Half the standard deviation: an ENL four times as large, 50 x 3.
    ratio = 1 + (noisy / noisy.mean() - 1) / 2
    assert structure.looks_residual(noisy, ratio, window) == pytest.approx(150)


def test_m_index_tells_lost_edges_from_none(rng):
    truth = np.kron(rng.choice([1.0, 10.0], (8, 8)), np.ones((32, 32)))
    noisy = truth * rng.exponential(size=truth.shape)
    found = windows.homogeneous(noisy)
    perfect = unreferenced.ratio(noisy, truth)
    blurred = unreferenced.ratio(noisy, ndimage.uniform_filter(truth, 15))
    assert structure.m_index(noisy, perfect, found) < 5
    lost = structure.m_index(noisy, blurred, found)
    assert lost > structure.m_index(noisy, perfect, found) + 1


def test_m_index_is_nan_without_windows_or_speckle(rng):
    noisy = rng.exponential(size=(32, 32))
    with pytest.warns(MeasureWarning, match="no homogeneous window"):
        assert np.isnan(structure.m_index(noisy, noisy, []))
    with pytest.warns(MeasureWarning, match="constant ratio"):
        assert np.isnan(structure.texture_residual(np.ones((8, 8))))
    with pytest.warns(MeasureWarning, match="neighbours"):
        assert np.isnan(structure.texture_residual(np.array([[1.0, np.nan, 2.0]])))
    with pytest.warns(MeasureWarning, match="no finite"):
        assert np.isnan(structure.texture_residual(np.full((8, 8), np.nan)))


def test_correlation_equals_a_plain_loop_and_leaves_gaps_out(rng):
    image = rng.normal(size=(20, 30))
    image[3:6, 7:12] = np.nan
    found = structure.correlation(image)
    rest = image - np.nanmean(image)
    for row, col in ((0, 0), (0, 3), (2, -5), (8, 8), (1, 0)):
        pairs = [
            rest[r, c] * rest[r + row, c + col]
            for r in range(20 - row)
            for c in range(max(0, -col), min(30, 30 - col))
        ]
        expected = np.nanmean(pairs) / np.nanmean(rest**2)
        assert found[row, structure.LAGS + col] == pytest.approx(expected)


def test_excess_correlation_is_small_for_speckle_even_where_it_is_correlated(rng):
    parts = ndimage.gaussian_filter(rng.normal(size=(2, 256, 256)), (0, 0.7, 0.7))
    speckle = (parts**2).sum(0)
    speckle /= speckle.mean()
    truth = np.kron(rng.choice([1.0, 10.0], (8, 8)), np.ones((32, 32)))
    noisy = truth * speckle
    found = windows.homogeneous(noisy)
    kept = structure.excess_correlation(speckle, noisy, found)
    blurred = unreferenced.ratio(noisy, ndimage.uniform_filter(truth, 31))
    assert kept < 0.03
    assert structure.excess_correlation(blurred, noisy, found) > 0.08
    with pytest.warns(MeasureWarning, match="no homogeneous window"):
        assert np.isnan(structure.excess_correlation(speckle, noisy, []))
    with pytest.warns(MeasureWarning, match="constant"):
        assert np.isnan(structure.excess_correlation(0 * speckle + 1, noisy, found))


def test_class_biases_by_hand():
    truth = np.array([[1.0, 2.0, 4.0, 8.0, np.nan]])
    estimate = truth * np.array([[10, 1, 0.1, 1, 1]])
    found = structure.class_biases(estimate, truth)
    np.testing.assert_allclose(found, [10, 0, -10, 0], atol=1e-12)


@pytest.mark.parametrize("levels", [[1.0], [1.0, 10.0, 100.0]])
def test_class_biases_against_the_noisy_image_are_small_for_a_good_estimate(
    rng, levels
):
    truth = np.kron(rng.choice(levels, (16, 16)), np.ones((32, 32)))
    noisy = truth * rng.exponential(size=truth.shape)
    found = structure.class_biases(truth, noisy, around=(15, 7))
    assert np.abs(found).max() < 0.06


def test_class_biases_of_empty_classes_are_nan():
    with pytest.warns(MeasureWarning, match="empty"):
        found = structure.class_biases(np.ones((1, 1)), np.ones((1, 1)))
    assert np.isfinite(found).sum() == 1
    with pytest.warns(MeasureWarning, match="no pixel"):
        assert np.isnan(
            structure.class_biases(np.full((2, 2), np.nan), np.ones((2, 2)))
        ).all()


def test_speckle_that_is_correlated_in_the_noisy_image_is_no_excess(rng):
    parts = ndimage.gaussian_filter(rng.normal(size=(2, 256, 256)), (0, 2, 2))
    speckle = (parts**2).sum(0)
    speckle /= speckle.mean()
    quarters = [2 * (slice(0, 128),), 2 * (slice(128, 256),)]
    assert structure.excess_correlation(speckle, speckle, quarters) < 0.05


def test_texture_residual_of_neighbours_that_all_differ_by_hand():
    # Of levels 1, 3, 6 and 8: neighbours in a row are 2 apart, in a column 5, on the
    # diagonals 7 or 3. Shuffled, a quarter are equal.
    ratio = np.tile([[0, 1 / 3], [2 / 3, 1]], (100, 100))
    row, col, diagonal = 1 / 5, 1 / 26, (1 / 50 + 1 / 10) / 2
    found = (row + col + 2 * diagonal) / 4
    mixed = 1 / 4 + (row + col + diagonal) / 4
    expected = 100 * (mixed - found) / found
    assert structure.texture_residual(ratio) == pytest.approx(expected, rel=0.03)


def test_m_index_is_the_sum_of_its_residuals(rng):
    noisy = rng.exponential(size=(64, 64))
    ratio = 1.2 * rng.exponential(size=(64, 64))
    window = [(slice(0, 64), slice(0, 64))]
    looks = structure.looks_residual(noisy, ratio, window)
    texture = structure.texture_residual(ratio)
    assert min(looks, texture) > 0.01
    assert structure.m_index(noisy, ratio, window) == looks + texture


def test_a_pixel_may_be_classed_by_those_around():
    truth = np.ones((40, 40)) * 2.0 ** (np.arange(40) // 10)
    estimate = truth * 10.0 ** (np.arange(40) // 10)
    truth[20, 5], estimate[20, 5] = 1e9, 1e8  # By itself it would be the brightest.
    estimate[:, 35] = np.nan
    found = structure.class_biases(estimate, truth, around=(3, 1))
    np.testing.assert_allclose(found, [-10, 10, 20, 30], atol=0.5)
