import numpy as np
import pytest

from pgd2jax.metrics import windows


def test_flattest_window_is_the_flat_quarter(rng):
    level = np.ones((128, 128))
    level[:, 64:] = 10 ** rng.uniform(-1, 1, (128, 64))
    level[:64] *= np.linspace(1, 30, 64)[:, None]
    noisy = level * rng.exponential(size=level.shape)
    row, col = windows.flattest(noisy)
    assert row.start >= 64
    assert col.stop <= 64


def test_flattest_window_stays_within_its_mask_or_says_there_is_none(rng):
    noisy = rng.exponential(size=(64, 64))
    within = np.zeros((64, 64), bool)
    within[:40, 24:] = True
    row, col = windows.flattest(noisy, within=within)
    assert within[row, col].all()
    with pytest.raises(ValueError, match="no valid window"):
        windows.flattest(noisy, within=~within & False)


@pytest.mark.parametrize("looks", [1, 4])
def test_homogeneous_windows_lie_on_flat_ground_and_apart(looks, rng):
    level = np.ones((160, 160))
    level[:, :80] *= 10 ** (0.3 * rng.normal(size=(20, 10)).repeat(8, 0).repeat(8, 1))
    noisy = level * rng.gamma(looks, 1 / looks, size=level.shape)
    found = windows.homogeneous(noisy, looks)
    assert found
    covered = np.zeros(level.shape, int)
    for window in found:
        assert window[1].start >= 80 - 8
        covered[window] += 1
    assert covered.max() == 1


def test_no_window_is_homogeneous_on_rough_ground_zeros_or_gaps(rng):
    rough = 10 ** rng.normal(size=(16, 16)).repeat(8, 0).repeat(8, 1)
    noisy = rough * rng.exponential(size=rough.shape)
    assert windows.homogeneous(noisy) == []
    assert windows.homogeneous(np.zeros((64, 64))) == []
    assert windows.homogeneous(np.full((64, 64), np.nan)) == []
    assert windows.homogeneous(np.ones((1, 1))) == []
