import numpy as np
from scipy import ndimage

from pgd2jax.infer import masks
from pgd2jax.sar import whitening


def test_gap_is_filled_with_its_mirror_image():
    image = np.arange(10.0)[None]
    missing = np.zeros((1, 10), bool)
    missing[0, 6:] = True
    # The edge pixel, 5, is the mirror: 6 shows 4, 7 shows 3.
    np.testing.assert_array_equal(
        masks.fill(image, missing, 7)[0], [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    )


def test_corner_is_filled_across_rows_and_columns(rng):
    image = rng.normal(size=(60, 70))
    missing = np.ones(image.shape, bool)
    missing[10:50, 10:] = False  # As the samples of a burst that are valid.
    filled = masks.fill(image, missing, 7)
    padded = np.pad(image[10:50, 10:], ((10, 10), (10, 0)), mode="reflect")
    np.testing.assert_array_equal(filled, padded)


def test_gap_between_gaps_takes_the_nearest():
    image = np.array([[1.0, np.nan, 3.0, np.nan, np.nan]])
    filled = masks.fill(image, np.isnan(image), 7)
    assert np.isfinite(filled).all()
    assert filled[0, 2] == 3


def test_far_from_data_one_value_is_taken():
    image = np.arange(200.0)[None]
    filled = masks.fill(image, image > 9, 7)
    assert filled[0, 9 + masks.FAR] != 7
    assert (filled[0, 10 + masks.FAR :] == 7).all()
    assert (masks.fill(image, image > -1, 7) == 7).all()


def test_a_part_is_filled_like_the_whole(rng):
    image = rng.normal(size=(400, 400))
    missing = ndimage.uniform_filter(rng.random(image.shape), 25) > 0.5
    whole = masks.fill(image, missing, 7)
    part = slice(100, 350)
    inner = slice(masks.MARGIN, -masks.MARGIN)
    np.testing.assert_array_equal(
        masks.fill(image[part, part], missing[part, part], 7)[inner, inner],
        whole[part, part][inner, inner],
    )


def test_filled_gaps_have_the_centroid_of_the_samples_around():
    row, col = np.mgrid[:64, :80]
    tone = np.exp(2j * np.pi * (0.2 * row - 0.3 * col)).astype(np.complex64)
    missing = np.zeros(tone.shape, bool)
    missing[20:40, 10:60], missing[:, 70:] = True, True
    whitener = whitening.nothing()._replace(centroid=np.array([0.2, -0.3]))
    broken = np.where(missing, np.nan, tone)
    filled = masks.fill(broken, missing, 1.0, whitener)
    np.testing.assert_allclose(filled, tone, atol=1e-4)
    plain = masks.fill(broken, missing, 1.0)
    assert np.abs(plain - tone)[missing].max() > 1


def test_far_into_a_gap_the_mirror_is_at_its_nearer_border(rng):
    image = rng.normal(size=(1, 400))

    def filled(start, stop):
        missing = np.zeros((1, 400), bool)
        missing[0, start:stop] = True
        return masks.fill(image, missing, 7)[0]

    left, right = np.s_[198:174:-1], np.s_[272:248:-1]
    inside = filled(200, 248)
    np.testing.assert_array_equal(inside[200:224], image[0, left])
    np.testing.assert_array_equal(inside[224:248], image[0, right])
    to_the_right = filled(150, 400)[150 : 150 + masks.FAR]
    np.testing.assert_array_equal(to_the_right, image[0, 148 : 148 - masks.FAR : -1])
    to_the_left = filled(0, 150)[150 - masks.FAR : 150]
    np.testing.assert_array_equal(to_the_left, image[0, 150 + masks.FAR : 150 : -1])
