import numpy as np
import pytest
from scipy import ndimage

from pgd2jax.metrics import edges
from pgd2jax.metrics.undefined import MeasureWarning


@pytest.fixture
def step():
    return np.ones((16, 16)) + 9 * (np.arange(16) >= 8)


def test_edges_of_the_same_image_are_kept_and_their_opposite_is_not(step):
    assert edges.preservation(step, step) == pytest.approx(1)
    assert edges.preservation(4 * step, step) == pytest.approx(1)
    opposite = (5 - np.sqrt(step)) ** 2
    assert edges.preservation(opposite, step) == pytest.approx(-1)


def test_edge_preservation_is_the_correlation_of_the_laplacians(rng):
    one, other = rng.exponential(size=(2, 9, 8))

    def laplacian(image):
        a = np.sqrt(image)
        inner = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]
        return (inner - 4 * a[1:-1, 1:-1]).ravel()

    expected = np.corrcoef(laplacian(one), laplacian(other))[0, 1]
    assert edges.preservation(one, other) == pytest.approx(expected)


def test_edge_preservation_of_flat_images_is_nan(step):
    with pytest.warns(MeasureWarning, match="edges"):
        assert np.isnan(edges.preservation(np.ones((16, 16)), step))
    with pytest.warns(MeasureWarning, match="edges"):
        assert np.isnan(edges.preservation(np.ones((1, 1)), np.ones((1, 1))))


def test_smearing_of_a_wholly_flattened_edge_is_a_quarter_of_the_columns(step):
    middle = np.full_like(step, 5.5)
    assert edges.smearing(middle, step) == pytest.approx(16 / 4)
    assert edges.smearing(step, step) == 0
    assert edges.smearing(7 * middle, 7 * step) == pytest.approx(4)


def test_smearing_of_a_boxcar_by_hand(step):
    # A mean over 3 columns moves the two beside the edge by a third of the step.
    blurred = ndimage.uniform_filter1d(step, 3, axis=1)
    assert edges.smearing(blurred, step) == pytest.approx(2 / 9)
    with pytest.warns(MeasureWarning, match="no step"):
        assert np.isnan(edges.smearing(step, np.ones_like(step)))


@pytest.fixture
def edge():
    """Returns ground with an edge of 3 dB at column 32, and where it is."""
    at = np.zeros((64, 64), bool)
    at[:, 32] = True
    # Its middle lies on the column: with two columns alike, rounding would pick one.
    return np.exp2(np.clip(np.arange(64) - 31, 0, 2) / 2) * np.ones((64, 1)), at


def test_figure_of_merit_is_one_at_the_edge_and_falls_with_distance(edge):
    image, at = edge
    # Canny leaves out the border.
    assert edges.figure_of_merit(image, at) == pytest.approx(62 / 64)
    far = edges.figure_of_merit(image, np.roll(at, 6, axis=1))
    assert far == pytest.approx(62 / 64 / (1 + 36 / 9))
    with pytest.warns(MeasureWarning, match="no true edge"):
        assert np.isnan(edges.figure_of_merit(image, at & False))


def test_edges_under_two_decibels_are_not_found(edge):
    _, at = edge
    for decibel, found in ((1.9, False), (2.1, True)):
        image = 10 ** (decibel / 10 * (np.arange(64) >= 32)) * np.ones((64, 1))
        assert (edges.figure_of_merit(image, at) > 0) == found


def test_false_edges_of_speckle_cost_merit(edge, rng):
    image, at = edge
    clean = edges.figure_of_merit(image, at)
    noisy = edges.figure_of_merit(image * rng.exponential(size=image.shape), at)
    assert noisy < 0.5 * clean


def test_merit_does_not_depend_on_the_calibration(edge, rng):
    image, at = edge
    image = image * rng.exponential(size=image.shape)
    image[::8] = 0
    expected = edges.figure_of_merit(image, at)
    for scale in (1e-8, 1e8):
        assert edges.figure_of_merit(scale * image, at) == pytest.approx(expected)
