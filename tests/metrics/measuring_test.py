import warnings

import numpy as np
import pytest
from scipy import ndimage

from pgd2jax.metrics import measures, measuring, referenced
from pgd2jax.metrics.undefined import MeasureWarning


@pytest.fixture
def pair(rng):
    truth = np.ones((96, 96))
    truth[:, 48:] = 10
    return truth * rng.exponential(size=truth.shape), truth


def test_every_measure_has_a_name_in_the_table_and_is_finite(pair):
    noisy, truth = pair
    found = measuring.measure(noisy, ndimage.uniform_filter(noisy, 5), truth)
    assert set(found) <= set(measures.MEASURES)
    assert set(referenced.ALL) <= set(found)
    assert np.isfinite(list(found.values())).all()


def test_flat_mean_is_the_level_of_homogeneous_windows(pair):
    noisy, truth = pair
    found = measuring.measure(noisy, 2 * truth + 1e-3 * noisy, truth)
    assert found["flat_mean"] == pytest.approx(3.01, abs=0.01)


def test_without_a_reference_the_others_are_left(pair):
    noisy, _ = pair
    found = measuring.measure(noisy, ndimage.uniform_filter(noisy, 5))
    assert "rmse" not in found
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (6, 6)])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_constant_and_tiny_images_give_nan_with_warnings_never_infinity(shape, level):
    image = np.full(shape, level, np.float32)
    with pytest.warns(MeasureWarning):
        found = measuring.measure(image, image, image)
    assert not np.isinf(list(found.values())).any()


def test_gaps_and_zeros_never_give_infinity(pair):
    noisy, truth = pair
    noisy[:20], truth[30:40] = 0, 0
    estimate = np.where(np.eye(96, dtype=bool), np.nan, truth)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeasureWarning)
        found = measuring.measure(noisy, estimate, truth)
    assert not np.isinf(list(found.values())).any()


def test_empty_images_and_other_sizes_are_refused(pair):
    noisy, truth = pair
    with pytest.raises(ValueError, match="must be equal"):
        measuring.measure(noisy, truth, truth[:50])
    with pytest.raises(ValueError, match="no pixel"):
        measuring.measure(noisy, truth * np.nan, truth)


def test_losses_order_by_direction():
    loss = {b: measures.Measure("", "", b, 1, "").loss for b in measures.ARROWS}
    assert loss["lower"](1) < loss["lower"](2)
    assert loss["higher"](2) < loss["higher"](1)
    assert loss["zero"](-1) < loss["zero"](2)
    assert loss["one"](0.9) < loss["one"](1.2)


def test_head_has_unit_and_arrow():
    assert measures.MEASURES["rmse"].head == "rmse, dB ↓"
    assert measures.MEASURES["ratio_mean"].head == "ratio mean → 1"


def test_windows_without_a_measure_leave_it_to_the_others(pair):
    noisy, truth = pair
    estimate = ndimage.uniform_filter(noisy, 5)
    whole = measuring.measure(noisy, estimate, truth)
    estimate[:32, :32] = 1.0  # As a floor makes it.
    truth[32:64, :32] = np.nan
    found = measuring.measure(noisy, estimate, truth)
    for name in ("enl", "flat_mean", "ratio_mean", "m_index"):
        assert found[name] == pytest.approx(whole[name], rel=0.5, abs=0.2)
