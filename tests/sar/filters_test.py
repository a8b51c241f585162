import numpy as np
import pytest

from pgd2jax.sar import filters

ALL = filters.FILTERS.values()


@pytest.mark.parametrize("clean", ALL, ids=filters.FILTERS)
def test_constant_images_and_zeros_stay(clean):
    image = np.full((20, 30), 3.0, np.float32)
    np.testing.assert_allclose(clean(image, 1.0), image, rtol=1e-6)
    np.testing.assert_array_equal(clean(0 * image, 1.0), 0 * image)


@pytest.mark.parametrize("looks", [1.0, 4.0])
@pytest.mark.parametrize("clean", ALL, ids=filters.FILTERS)
def test_flat_speckle_is_smoothed_and_keeps_its_mean(clean, looks, rng):
    image = rng.gamma(looks, 1 / looks, size=(128, 128)).astype(np.float32)
    found = clean(image, looks)
    assert found.dtype == np.float32
    assert found.mean() == pytest.approx(1, abs=0.06)
    assert found.var() < 0.35 / looks


@pytest.mark.parametrize("clean", ALL, ids=filters.FILTERS)
def test_gaps_stay_and_leave_their_neighbours_alone(clean, rng):
    image = np.full((24, 24), 5.0, np.float32)
    image[10:12, 7] = np.nan
    found = clean(image, 1.0)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(image))
    np.testing.assert_allclose(found[~np.isnan(image)], 5, rtol=1e-5)


@pytest.mark.parametrize("clean", ALL, ids=filters.FILTERS)
def test_images_smaller_than_a_window_come_back(clean):
    found = clean(np.array([[2.0, 2.0]], np.float32), 1.0)
    np.testing.assert_allclose(found, [[2, 2]], rtol=1e-6)


@pytest.fixture
def patch(rng):
    """Returns 7 x 7 pixels of speckle with an edge of 10 dB right of the centre."""
    return (rng.exponential(size=(7, 7)) * (1 + 9 * (np.arange(7) > 3))).astype("f4")


def test_boxcar_is_the_window_mean(patch):
    clean = filters.boxcar(patch, 5)
    assert clean[3, 3] == pytest.approx(patch[1:6, 1:6].mean(), rel=1e-5)


@pytest.mark.parametrize("looks", [1, 4])
def test_lee_and_kuan_by_hand(patch, looks):
    mean, variance = patch.mean(dtype=float), patch.var(dtype=float)
    # Of z = x v with E v = 1, var v = s: E z^2 = (var x + mean^2)(1 + s).
    speckle = 1 / looks
    ground = (variance + mean**2) / (1 + speckle) - mean**2
    assert ground > 0
    gain = ground / (ground + mean**2 * speckle)
    expected = mean + gain * (patch[3, 3] - mean)
    assert filters.lee(patch, looks)[3, 3] == pytest.approx(expected, rel=1e-5)
    # The linear estimator of least square error: cov(x, z) / var z.
    expected = mean + ground / variance * (patch[3, 3] - mean)
    assert filters.kuan(patch, looks)[3, 3] == pytest.approx(expected, rel=1e-5)


def test_gamma_map_is_the_most_probable_ground():
    # Variation between 1/4 and 1/2, of four looks.
    patch = np.random.default_rng(3).gamma(4, 1 / 4, (7, 7)).astype(np.float32)
    patch[:, 4:] *= 1.8
    mean, variance = patch.mean(dtype=float), patch.var(dtype=float)
    looks, variation = 4, variance / mean**2
    assert 1 / looks < variation < 2 / looks
    alpha = (1 + 1 / looks) / (variation - 1 / looks)
    # Posterior of gamma ground of order alpha under gamma speckle of L looks.
    ground = np.linspace(0.01, 10, 200_001)
    posterior = (alpha - 1 - looks) * np.log(ground)
    posterior += -alpha * ground / mean - looks * patch[3, 3] / ground
    expected = ground[np.argmax(posterior)]
    assert filters.gamma_map(patch, looks)[3, 3] == pytest.approx(expected, rel=1e-3)


def test_gamma_map_keeps_what_varies_more_than_twice_as_much_as_speckle():
    image = np.ones((15, 15), np.float32)
    image[7, 7] = 1e4
    assert filters.gamma_map(image, 1.0)[7, 7] == 1e4


def test_strong_points_are_kept_by_lee_and_halved_by_kuan():
    image = np.ones((15, 15), np.float32)
    image[7, 7] = 1e4
    # Mean 205, variation 47: gains (47 - 1) / (47 + 1) and (1 - 1 / 47) / 2.
    assert filters.lee(image)[7, 7] == pytest.approx(205 + 0.958 * 9795, rel=0.01)
    assert filters.kuan(image)[7, 7] == pytest.approx(205 + 0.489 * 9795, rel=0.01)


def test_frost_weighs_by_distance_and_the_variation_around_the_centre(rng):
    image = rng.exponential(size=(3, 3))
    row, col = np.mgrid[-1:2, -1:2]
    variation = image.var() / image.mean() ** 2
    weight = np.exp(-2 * variation * np.hypot(row, col))
    found = filters.frost(image, window=3, damping=2)[1, 1]
    assert found == pytest.approx((weight * image).sum() / weight.sum())


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("diagonal", [False, True])
def test_refined_lee_keeps_an_edge_where_a_boxcar_smears_it(turns, diagonal, rng):
    row, col = np.mgrid[:48, :48]
    bright = row + col > 47 if diagonal else col >= 24
    truth = np.rot90(np.where(bright, 30.0, 1.0), turns)
    noisy = (truth * rng.gamma(16, 1 / 16, truth.shape)).astype(np.float32)
    beside = np.abs(np.gradient(truth)).max(axis=0) > 0
    beside[:4] = beside[-4:] = beside[:, :4] = beside[:, -4:] = False

    def error(clean):
        return np.abs(np.log(clean[beside] / truth[beside])).mean()

    assert error(filters.refined_lee(noisy, 16)) < 0.4 * error(filters.boxcar(noisy, 7))


def test_refined_lee_equals_a_plain_loop(rng):
    image = rng.exponential(size=(15, 16)) * np.where(np.arange(16) < 8, 1, 20)
    found = filters.refined_lee(image.astype(np.float32), 1.0)
    kernels = {  # Gradient -> half windows on its positive and negative side.
        "right": ([[-1, 0, 1]] * 3, (0, 1)),
        "upper right": ([[0, 1, 1], [-1, 0, 1], [-1, -1, 0]], (-1, 1)),
        "upper": ([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], (-1, 0)),
        "upper left": ([[1, 1, 0], [1, 0, -1], [0, -1, -1]], (-1, -1)),
    }
    for row in range(3, 12):
        for col in range(3, 13):
            window = image[row - 3 : row + 4, col - 3 : col + 4]
            means = np.array(
                [
                    [window[r : r + 3, c : c + 3].mean() for c in (0, 2, 4)]
                    for r in (0, 2, 4)
                ]
            )
            _, side = max(
                kernels.values(), key=lambda k: abs((np.array(k[0]) * means).sum())
            )
            one = means[1 + side[0], 1 + side[1]]
            other = means[1 - side[0], 1 - side[1]]
            if abs(one - means[1, 1]) > abs(other - means[1, 1]):
                side = (-side[0], -side[1])
            r, c = np.mgrid[-3:4, -3:4]
            half = window[r * side[0] + c * side[1] >= 0]
            mean, variation = half.mean(), half.var() / half.mean() ** 2
            gain = max(variation - 1, 0) / (variation + 1)
            expected = mean + gain * (window[3, 3] - mean)
            assert found[row, col] == pytest.approx(expected, rel=1e-4)
