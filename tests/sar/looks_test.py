import numpy as np
import pytest
from scipy import ndimage

from pgd2jax.sar import looks


@pytest.mark.parametrize("truth", [1, 2.5, 4, 12])
def test_looks_of_flat_ground_at_two_levels_are_found(rng, truth):
    level = np.where(np.arange(256) < 128, 1e-3, 50.0)
    power = rng.gamma(truth, 1 / truth, (256, 256)) * level
    # The boundary between the levels lies between blocks.
    assert looks.estimate(power) == pytest.approx(truth, rel=0.04)


@pytest.mark.parametrize("truth", [1, 12])
def test_correlated_samples_seem_to_have_some_more_looks(rng, truth):
    noise = rng.normal(size=(2 * truth, 256, 256))
    noise = ndimage.gaussian_filter(noise, (0, 1.2, 1.2))
    # One in nine samples is independent.
    assert 1.0 < looks.estimate((noise**2).sum(axis=0)) / truth < 1.3


def test_gaps_and_points_do_not_matter(rng):
    power = rng.exponential(size=(256, 256))
    power[:, 40:90] = np.nan
    power[100:140] = 0
    power[rng.integers(256, size=20), rng.integers(256, size=20)] = 1e4
    assert looks.estimate(power) == pytest.approx(1, rel=0.1)


def test_what_cannot_be_estimated_counts_as_one_look():
    assert looks.estimate(np.ones((15, 300))) == 1
    assert looks.estimate(np.full((32, 32), np.nan)) == 1
    assert looks.estimate(np.zeros((32, 32))) == 1


def test_ground_without_speckle_has_the_most_looks():
    assert looks.estimate(np.ones((64, 64))) == looks.MOST


def test_looks_of_powers_in_a_few_steps_are_found(rng):
    powers = np.round(2 * rng.exponential(size=(256, 256)))
    assert looks.estimate(powers) == pytest.approx(1, rel=0.25)
    amplitudes = np.round(3 * np.sqrt(rng.gamma(4, 1 / 4, (256, 256))))
    assert looks.estimate(amplitudes**2) == pytest.approx(4, rel=0.25)
