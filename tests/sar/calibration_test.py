import numpy as np
import pytest

from pgd2jax.sar import calibration


def table(lines, columns, values, cols=5):
    arrays = [np.array(columns, float) for _ in lines]
    made = [np.array(v, float) for v in values]
    return calibration.Table(lines, arrays, made, np.arange(30), cols)


def test_values_are_linear_between_lines_and_columns_and_level_outside():
    # 10 + 2 col at line 4, ten times that at line 8; no column beyond 4.
    made = table([4, 8], [0, 4], [(10, 18), (100, 180)])
    expected = np.array([10, 12, 14, 16, 18.0])
    np.testing.assert_allclose(made.rows(slice(0, 1)), [expected], rtol=1e-6)
    np.testing.assert_allclose(made.rows(slice(6, 7)), [5.5 * expected], rtol=1e-6)
    np.testing.assert_allclose(
        made.rows(slice(8, 30)), np.tile(10 * expected, (22, 1)), rtol=1e-6
    )


def test_noise_goes_first_and_nothing_becomes_negative():
    gain = table([0], [0, 4], [(10, 10)])
    noise = table([0], [0, 4], [(200, 200)])
    power = np.array([[300, 200, 100, 0, np.nan]], np.float32)
    found = calibration.Calibration(gain, noise)(slice(7, 8), power)
    np.testing.assert_allclose(found, [[1, 0, 0, 0, np.nan]])


def test_noise_along_lines_acts_on_its_part_alone():
    noise = table([0], [0, 4], [(1, 1)])
    part = (slice(2, 4), slice(1, 3), np.array([2.0, 3.0]), np.array([2.0, 4.0]))
    power = np.full((3, 5), 10.0, np.float32)
    found = calibration.Calibration(None, noise, [part])(slice(1, 4), power)
    expected = np.full((3, 5), 9.0)
    expected[1, 1:3], expected[2, 1:3] = 8, 6
    np.testing.assert_allclose(found, expected)


def test_power_is_left_as_it_is_without_tables():
    power = np.ones((2, 2), np.float32)
    assert calibration.Calibration()(slice(0, 2), power) is power


def test_unusable_values_are_refused():
    with pytest.raises(ValueError, match="unusable"):
        table([0], [0, 4], [(1, np.inf)])
    with pytest.raises(ValueError, match="hold zeros"):
        calibration.Calibration(table([0], [0, 4], [(1, 0)]))
