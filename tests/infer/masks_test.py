import numpy as np

from pgd2jax.infer import masks


def test_gap_is_filled_with_its_mirror_image():
    image = np.arange(10.0)[None]
    missing = np.zeros((1, 10), bool)
    missing[0, 6:] = True
    # The edge pixel, 5, is the mirror: 6 shows 4, 7 shows 3.
    np.testing.assert_array_equal(
        masks.fill(image, missing)[0], [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    )


def test_gap_between_gaps_takes_the_nearest():
    image = np.array([[1.0, np.nan, 3.0, np.nan, np.nan]])
    filled = masks.fill(image, np.isnan(image))
    assert np.isfinite(filled).all()
    assert filled[0, 2] == 3
