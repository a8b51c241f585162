import numpy as np
import pytest

from pgd2jax.metrics import similarity
from pgd2jax.metrics.undefined import MeasureWarning


def test_psnr_is_the_range_over_the_root_mean_square_error():
    truth = np.zeros((16, 16))
    found = similarity.similarity(truth + 0.1, truth, data_range=10)
    assert found.psnr == pytest.approx(40)


def test_ssim_of_a_constant_shift_by_hand(rng):
    # Equal contrast and structure: what is left is the term of the means.
    truth = np.full((7, 7), 2.0)
    found = similarity.similarity(truth + 1, truth, data_range=5)
    steady = (0.01 * 5) ** 2
    assert found.ssim == pytest.approx((2 * 2 * 3 + steady) / (4 + 9 + steady))


def test_ssim_equals_a_plain_loop(rng):
    truth = rng.normal(size=(12, 11))
    guess = truth + 0.5 * rng.normal(size=truth.shape)
    values = []
    for row in range(6):
        for col in range(5):
            x = truth[row : row + 7, col : col + 7]
            y = guess[row : row + 7, col : col + 7]
            (vx, vxy), (_, vy) = np.cov(x.ravel(), y.ravel())
            c1, c2 = (0.01 * 4) ** 2, (0.03 * 4) ** 2
            values.append(
                (2 * x.mean() * y.mean() + c1)
                * (2 * vxy + c2)
                / (x.mean() ** 2 + y.mean() ** 2 + c1)
                / (vx + vy + c2)
            )
    found = similarity.similarity(guess, truth, data_range=4)
    assert found.ssim == pytest.approx(np.mean(values))


def test_gaps_leave_the_rest_of_the_ssim_alone(rng):
    truth = rng.exponential(size=(40, 40))
    guess = truth * rng.uniform(0.5, 2, truth.shape)
    broken = guess.copy()
    broken[:, 20:] = np.nan
    half = similarity.similarity(guess[:, :20], truth[:, :20], 3.0)
    found = similarity.similarity(broken, truth, 3.0)
    assert found == pytest.approx(half)


def test_decibel_range_is_fifty_and_floors_zeros():
    truth = np.full((8, 8), 100.0)
    assert similarity.decibel(truth / 10, truth).psnr == pytest.approx(20 * np.log10(5))
    # Zeros lie 50 dB under the largest value of the reference: the whole range.
    assert similarity.decibel(0 * truth, truth).psnr == pytest.approx(0)


@pytest.mark.parametrize("gain", [1e-4, 1.0, 300.0])
def test_decibels_of_another_calibration_are_as_similar(rng, gain):
    truth = rng.gamma(4, size=(32, 32))
    guess = truth * rng.gamma(50, 0.02, size=(32, 32))
    found = similarity.decibel(gain * guess, gain * truth)
    assert found == pytest.approx(similarity.decibel(100 * guess, 100 * truth))


def test_amplitude_is_clipped_to_the_largest_of_the_reference():
    truth = np.full((8, 8), 4.0)
    with pytest.warns(MeasureWarning, match="equal images"):
        found = similarity.amplitude(100 * truth, truth)
    assert np.isnan(found.psnr)
    assert found.ssim == pytest.approx(1)
    assert similarity.amplitude(truth / 4, truth).psnr == pytest.approx(
        20 * np.log10(2)
    )


def test_contrastive_convention_by_hand():
    noisy = np.array(
        [[0.0, 1.0, 9.0, 25.0, 4.0]]
    )  # Amplitudes 0, 1, 3, 5: scale to 0..1.
    reference = np.array([[0.25, 4.0, 9.0, 16.0, 0.25]])  # -1/8, 1/4, 1/2, 3/4 -> abs.
    estimate = np.array([[0.0, 4.0, 4.0, 49.0, 4.0]])  # -1/4, 1/4, 1/4, 3/2 -> clipped.
    truth, guess = (
        np.array([1 / 8, 1 / 4, 1 / 2, 3 / 4, 1 / 8]),
        np.array([0, 1 / 4, 1 / 4, 1, 1 / 4]),
    )
    once = -10 * np.log10(np.mean((guess - truth) ** 2))
    # Squared, and each between its own smallest nonzero and largest value.
    truth = (truth**2 - 1 / 64) / (9 / 16 - 1 / 64)
    guess = (guess**2 - 1 / 16) / (1 - 1 / 16)
    twice = -10 * np.log10(np.mean((guess - truth) ** 2))
    images = noisy, estimate, reference
    for repeat, expected in ((True, twice), (False, once)):
        with pytest.warns(MeasureWarning, match="SSIM needs"):
            found = similarity.contrastive(*images, twice=repeat)
        assert found.psnr == pytest.approx(expected)


def test_contrastive_convention_does_not_depend_on_the_scale(rng):
    reference = np.exp(rng.normal(size=(32, 32)))
    noisy = reference * rng.exponential(size=reference.shape)
    estimate = reference * rng.uniform(0.8, 1.25, reference.shape)
    found = similarity.contrastive(noisy, estimate, reference)
    scaled = similarity.contrastive(9 * noisy, 9 * estimate, 9 * reference)
    assert scaled == pytest.approx(found)


def test_second_scaling_hides_a_wrong_level_of_the_estimate(rng):
    reference = rng.uniform(1, 2, (32, 32))
    noisy = 3 * reference * rng.exponential(size=reference.shape)
    good = similarity.contrastive(noisy, 1.1 * reference, reference).psnr
    once = similarity.contrastive(noisy, 1.1 * reference, reference, twice=False).psnr
    assert good > 25  # All but gone: the estimate is scaled by itself.
    assert np.isfinite(once)


@pytest.mark.parametrize(
    "measure",
    [
        lambda image: similarity.similarity(image, image, 0.0),
        lambda image: similarity.amplitude(0 * image, 0 * image),
        lambda image: similarity.decibel(image, 0 * image),
        lambda image: similarity.contrastive(image, image, image),
        lambda image: similarity.contrastive(0 * image, image, image),
    ],
)
def test_constant_images_are_nan_with_a_warning(measure):
    with pytest.warns(MeasureWarning):
        assert np.isnan(measure(np.ones((9, 9))).psnr)


def test_other_sizes_and_empty_overlap_are_refused():
    one = np.ones((9, 9))
    for measure in (similarity.amplitude, similarity.decibel):
        with pytest.raises(ValueError, match="must be equal"):
            measure(one, one[:8])
        with pytest.raises(ValueError, match="no pixel"):
            measure(one * np.nan, one)
    with pytest.raises(ValueError, match="must be equal"):
        similarity.contrastive(one, one, one[:8])
