import numpy as np
import pytest

from pgd2jax.sar.glrt import coherence, rules


@pytest.mark.parametrize("bandwidth", [1.0, 0.65, 0.45])
def test_correlation_is_that_of_the_band(rng, speckle, bandwidth):
    power = np.abs(speckle(rng, 8, 256, bandwidth)) ** 2
    found = coherence.speckle_correlation(power)[11:20, 10:21]
    row, col = np.mgrid[-4:5, -5:6]
    expected = (np.sinc(bandwidth * row) * np.sinc(bandwidth * col)) ** 2
    np.testing.assert_allclose(found, expected, atol=0.04)
    assert found[4, 5] == 1
    area = coherence.speckle_correlation(power).sum()
    assert area == pytest.approx(1 / bandwidth**2, rel=0.25)


def test_correlation_is_of_speckle_not_of_ground(rng, speckle):
    ground = np.repeat(np.repeat(rng.gamma(1, size=(32, 32)), 8, 0), 8, 1)
    power = ground * np.abs(speckle(rng, 8, 256)) ** 2
    power[3, :128] *= 4  # A change,
    power[5] *= np.linspace(0.3, 3, 256)  # and one without a border.
    found = coherence.speckle_correlation(power)
    assert found.sum() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("common", [0.0, 0.3, 0.8])
def test_effective_dates_are_counted_from_all_coherences(rng, speckle, common):
    dates = 12
    samples = speckle(rng, dates, 64, 0.8, common)
    found = coherence.independence(samples, np.ones(dates, bool), 1 / 0.8**2)
    # N^2 over the sum of |gamma|^2.
    effective = dates**2 / (dates + dates * (dates - 1) * common**2)
    assert dates * float(found.mean()) == pytest.approx(effective, rel=0.07)


def test_heavily_oversampled_speckle_is_not_taken_for_coherent(rng, speckle):
    samples = speckle(rng, 12, 64, 0.12)
    found = coherence.independence(samples, np.ones(12, bool), 1 / 0.12**2)
    assert np.isfinite(found).all()
    assert float(found.min()) > 0


def test_scatterers_do_not_make_their_clutter_coherent(rng, speckle):
    samples = speckle(rng, 12, 64)
    samples[:, 4::16, 4::16] = 20
    found = coherence.independence(samples, np.ones(12, bool), 1.0)
    # Every second block has one; unclipped they would leave a third.
    assert float(found.min()) > 0.7


def test_a_date_left_out_does_not_count(rng, speckle):
    samples = speckle(rng, 4, 32)
    samples[3] = samples[0]
    used = np.array([True, True, True, False])
    assert float(coherence.independence(samples, used, 1.0).mean()) > 0.95
    assert float(coherence.independence(samples, used | True, 1.0).mean()) < 0.8


def test_one_date_and_no_data_are_refused():
    with pytest.raises(ValueError, match="two dates"):
        coherence.speckle_correlation(np.ones((1, 8, 8), np.float32))
    with pytest.raises(ValueError, match="no speckle"):
        coherence.speckle_correlation(np.full((3, 8, 8), np.nan, np.float32))


def test_no_region_is_worth_less_than_a_pixel():
    worth = np.asarray(rules.independent(np.array([1.0, 2, 5, 1e6]), 10.0))
    assert worth.min() == worth[0] == 1
    assert worth[-1] == pytest.approx(1e5, rel=1e-3)


def test_fringes_between_the_dates_are_not_incoherence(rng, speckle):
    samples, used = speckle(rng, 12, 64, 1.0, 0.8), np.ones(12, bool)
    turns = np.exp(1j * rng.uniform(-3, 3, (12, 1, 1))).astype(np.complex64)
    found = coherence.independence(samples * turns, used, 1.0)
    plain = coherence.independence(samples, used, 1.0)
    np.testing.assert_allclose(found, plain, atol=1e-3)


def test_two_dates_tell_the_correlation(rng, speckle):
    found = coherence.speckle_correlation(np.abs(speckle(rng, 2, 128)) ** 2)
    assert found.sum() == pytest.approx(1, abs=0.3)
