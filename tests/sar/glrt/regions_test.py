import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from pgd2jax.sar.glrt import regions

HALVES = [(1, 1), (2, 3), (1, 9)]  # The last needs words of 32 bits.


def plain(words, half):
    """Returns regions as booleans, [H, W, window rows, window cols]."""
    words = np.asarray(words)
    bits = words[..., None] >> np.arange(2 * half[1] + 1) & 1
    return np.moveaxis(bits.astype(bool), 0, 2)


def image(rng, half, shape=(9, 11)):
    size = tuple(n + 2 * h for n, h in zip(shape, half, strict=True))
    return rng.normal(size=size).astype(np.float32)


def selected(padded, half, limit=0.3):
    own = padded[half[0] : -half[0], half[1] : -half[1]]
    by_lag = jnp.zeros([2 * h + 1 for h in half]).at[0, 0].set(9.0)

    def accept(extra, neighbour):
        return jnp.abs(neighbour - own) < limit + extra

    return regions.select(accept, (jnp.asarray(padded),), by_lag, half)


@pytest.mark.parametrize("half", HALVES)
def test_select_asks_every_pixel_of_every_window(rng, half):
    padded = image(rng, half)
    found = plain(selected(padded, half), half)
    for row, col in np.ndindex(9, 11):
        window = padded[row : row + 2 * half[0] + 1, col : col + 2 * half[1] + 1]
        own = padded[row + half[0], col + half[1]]
        expected = np.abs(window - own) < 0.3
        expected[0, 0] |= np.abs(window[0, 0] - own) < 9.3  # The lag's own limit.
        np.testing.assert_array_equal(found[row, col], expected)


@pytest.mark.parametrize("half", HALVES)
def test_connect_keeps_what_hangs_together_with_the_centre(rng, half):
    words = selected(image(rng, half), half, limit=0.8)
    before, after = plain(words, half), plain(regions.connect(words, half=half), half)
    assert (after.sum() < before.sum()) == (half != (1, 1))  # 3 x 3 always hang.
    for place in np.ndindex(9, 11):
        labels, _ = ndimage.label(before[place], np.ones((3, 3)))
        np.testing.assert_array_equal(after[place], labels == labels[half])


def test_connect_follows_a_spiral():
    window = np.array(
        [
            [1, 1, 1, 1, 1, 1, 1],
            [1, 0, 0, 0, 0, 0, 1],
            [1, 0, 1, 1, 1, 0, 1],
            [1, 0, 0, 1, 1, 0, 1],
            [1, 0, 0, 0, 0, 0, 1],
            [1, 1, 1, 1, 1, 0, 1],
            [0, 0, 0, 0, 1, 1, 1],
        ]
    )
    window[4, 4:6] = [0, 1]  # One way out of the middle, then all around.
    words = (window << np.arange(7)).sum(axis=1).astype(np.uint16)[:, None, None]
    found = plain(regions.connect(jnp.asarray(words), half=(3, 3)), (3, 3))[0, 0]
    np.testing.assert_array_equal(found, window)


@pytest.mark.parametrize("half", HALVES)
def test_total_and_count_are_sums_over_the_region(rng, half):
    padded = image(rng, half)
    stack = np.stack([padded, 2 * padded])
    words = selected(padded, half)
    member = plain(words, half)
    windows = np.lib.stride_tricks.sliding_window_view(padded, member.shape[2:])
    expected = (windows * member).sum(axis=(2, 3))
    found = regions.total(words, jnp.asarray(stack), half=half)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    np.testing.assert_allclose(found[1], 2 * expected, atol=1e-5)
    np.testing.assert_array_equal(regions.count(words), member.sum(axis=(2, 3)))


def test_centre_is_the_centre():
    words = jnp.broadcast_to(regions.centre((2, 3)), (5, 1, 1))
    member = plain(words, (2, 3))[0, 0]
    assert member.sum() == 1
    assert member[2, 3]


def test_regions_need_one_word_a_row_of_the_window(rng):
    with jax.numpy_dtype_promotion("strict"):
        words = selected(image(rng, (1, 1)), (1, 1))
    assert words.dtype == jnp.uint16
    assert words.shape == (3, 9, 11)
