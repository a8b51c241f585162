import numpy as np
import pytest

from pgd2jax.metrics import targets
from pgd2jax.metrics.undefined import MeasureWarning


@pytest.fixture
def point():
    """Returns ground of 1 with a point of 1000 and neighbours of 10 at (32, 30)."""
    image = np.ones((64, 64), np.float32)
    image[31:34, 29:32] = 10
    image[32, 30] = 1000
    return image


def test_contrasts_of_a_point_by_hand(point):
    assert targets.near_contrast_db(point, 32, 30) == pytest.approx(20)
    assert targets.ground_contrast_db(point, 32, 30) == pytest.approx(30)
    assert targets.target_to_clutter_db(point, 33, 31) == pytest.approx(30)
    assert targets.peak_error_db(2 * point, point, 32, 30) == pytest.approx(3.0103)


def test_clutter_leaves_gaps_and_the_guard_out(point):
    point[32, 30 + 9 :] = np.nan
    point[24, 30] = 1e6  # 8 pixels away.
    assert targets.ground_contrast_db(point, 32, 30) == pytest.approx(30)
    point[11] = 1e6  # 21 pixels away.
    assert targets.ground_contrast_db(point, 32, 30) == pytest.approx(30)
    point[12, 30] = 1e6  # 20 pixels away.
    assert targets.ground_contrast_db(point, 32, 30) < 10


def test_points_at_the_border_count_the_pixels_there_are():
    image = np.ones((40, 40))
    image[0, 0] = 100
    assert targets.near_contrast_db(image, 0, 0) == pytest.approx(20)
    with pytest.raises(ValueError, match="must lie in"):
        targets.near_contrast_db(image, 40, 0)


def test_a_point_without_power_or_ground_is_nan(point):
    with pytest.warns(MeasureWarning):
        assert np.isnan(targets.ground_contrast_db(0 * point, 32, 30))
    with pytest.warns(MeasureWarning):
        assert np.isnan(targets.ground_contrast_db(np.ones((1, 1)), 0, 0))


def test_line_contrast_and_building_profile():
    image = np.ones((8, 6))
    image[2:6, 3] = 100
    line = image > 1
    assert targets.line_contrast_db(image, line, ~line) == pytest.approx(20)
    assert targets.building_smearing_db(image, image) == 0
    # One column of six is 10 dB too low: sqrt(100 / 6).
    inner = image[2:6]
    low = inner.copy()
    low[:, 3] = 10
    found = targets.building_smearing_db(low, inner)
    assert found == pytest.approx(np.sqrt(100 / 6))
    with pytest.warns(MeasureWarning):
        assert np.isnan(targets.building_smearing_db(0 * inner, inner))
