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


def test_flattest_window_has_no_gaps_or_there_is_none(rng):
    noisy = rng.exponential(size=(64, 64))
    noisy[40:], noisy[:, :24] = np.nan, np.nan
    row, col = windows.flattest(noisy)
    assert row.stop <= 40
    assert col.start >= 24
    with pytest.raises(ValueError, match="no valid window"):
        windows.flattest(noisy[:, :50])


def test_most_windows_are_as_flat_as_the_flattest_and_64_at_most(rng):
    # Ground of 1 dB on the right: within 0.35, but over 1.6 times the left's variation.
    level = np.ones((512, 640))
    fine = 10 ** (0.1 * rng.normal(size=(64, 40))).repeat(8, 0).repeat(8, 1)
    level[:, 320:] *= fine
    found = windows.homogeneous(level * rng.gamma(40, 1 / 40, size=level.shape))
    assert 32 < len(found) <= 64
    assert found[-1][0].start >= 448  # From all over the image.
    assert all(window[1].stop <= 328 for window in found)


def test_windows_of_many_looks_must_be_flatter(rng):
    level = 10 ** (0.1 * rng.normal(size=(16, 16))).repeat(8, 0).repeat(8, 1)
    noisy = level * rng.gamma(40, 1 / 40, size=level.shape)
    assert windows.homogeneous(noisy, 1)
    assert windows.homogeneous(noisy, 40) == []


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
