import numpy as np
import pytest

from pgd2jax.infer import tiles
from pgd2jax.sar import whitening


def pieces(scene, plan, margin):
    """Yields the rows, the columns and the pixels of each tile."""
    height, width = scene.shape
    for rows, have_rows, blocks in tiles.read_bands(
        lambda start, stop: scene[start:stop], plan.rows, margin, slice(0, height)
    ):
        band = np.concatenate(blocks)
        for cols in plan.cols:
            have_cols = tiles.around(cols, margin, width)
            have = have_rows, have_cols
            yield rows, cols, tiles.mirrored(band[:, have_cols], (rows, cols), have)


@pytest.mark.parametrize("shape", [(1, 1), (7, 100), (64, 64), (65, 33), (130, 200)])
@pytest.mark.parametrize("tile", [1, 32, 50, 1000])
def test_cores_make_the_scene_and_tiles_have_all_they_reach(shape, tile, rng):
    scene = rng.normal(size=shape)
    plan = tiles.plan(shape, stride=16, reach=20, tile=tile)
    padded = np.pad(scene, [(0, -size % 16) for size in shape], mode="reflect")
    made, count = np.zeros(shape, int), 0
    for rows, cols, pixels in pieces(scene, plan, 8):
        np.testing.assert_array_equal(pixels, padded[rows.whole, cols.whole])
        np.testing.assert_array_equal(
            pixels[rows.inside, cols.inside], scene[rows.core, cols.core]
        )
        made[rows.core, cols.core] += 1
        count += 1
        assert pixels.shape == (plan.rows.size, plan.cols.size)
        for span, length in zip((rows, cols), padded.shape, strict=True):
            assert span.whole.start % 16 == 0
            assert span.whole.start == 0 or span.inside.start >= 20
            assert span.whole.stop == length or span.whole.stop - span.core.stop >= 20
    assert (made == 1).all()
    assert count == plan.count


def test_every_row_is_read_once(rng):
    scene, seen = rng.normal(size=(300, 5)), []

    def read(start, stop):
        seen.append((start, stop))
        return scene[start:stop]

    plan = tiles.plan(scene.shape, stride=16, reach=20, tile=64)
    for span, rows, blocks in tiles.read_bands(read, plan.rows, 8, slice(0, 300)):
        np.testing.assert_array_equal(np.concatenate(blocks), scene[rows])
        assert rows.start == max(span.whole.start - 8, 0)
        assert rows.stop == min(span.whole.stop + 8, 300)
    starts, stops = zip(*seen, strict=True)
    assert starts == (0, *stops[:-1])
    assert stops[-1] == 300


def test_bands_without_wanted_rows_are_neither_read_nor_yielded(rng):
    scene, seen = rng.normal(size=(300, 5)), []

    def read(start, stop):
        seen.append((start, stop))
        return scene[start:stop]

    plan = tiles.plan(scene.shape, stride=16, reach=20, tile=64)
    found = list(tiles.read_bands(read, plan.rows, 10, slice(100, 193)))
    assert [span.core for span, _, _ in found] == [slice(96, 160), slice(160, 224)]
    for _, rows, blocks in found:
        np.testing.assert_array_equal(np.concatenate(blocks), scene[rows])
    assert seen == [(54, 202), (202, 266)]


def test_tiles_are_as_small_as_their_number_allows():
    rows, cols = tiles.plan((500, 700), stride=32, reach=81, tile=200)
    # Of 512 and 704 pixels all but two halos of 96, in cores of up to 224.
    assert (rows.count, rows.step, rows.size) == (2, 160, 352)
    assert (cols.count, cols.step, cols.size) == (3, 192, 384)


def test_no_tile_size_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        tiles.plan((10, 10), stride=32, reach=20, tile=0)


@pytest.mark.parametrize("moves", [False, True])
def test_mirrored_samples_go_on_with_their_centroid(moves):
    rows, cols = tiles.plan((70, 90), stride=32, reach=20, tile=200)
    row, col = np.mgrid[:96, :96]
    tone = np.exp(2j * np.pi * (0.2 * row - 0.3 * col)).astype(np.complex64)
    whitener = whitening.nothing()._replace(
        centroid=np.array([0.2, -0.3]), moves=np.array([moves, False])
    )
    (along,), (across,) = rows, cols
    have = slice(0, 70), slice(0, 90)
    tile = tiles.mirrored(tone[:70, :90], (along, across), have, whitener)
    assert tile.shape == (96, 96)
    np.testing.assert_array_equal(tile[:70, :90], tone[:70, :90])
    for part in (np.s_[70:, :90], np.s_[:70, 90:], np.s_[70:, 90:]):
        turn = tile[part] / tone[part]  # Up to a phase.
        np.testing.assert_allclose(turn, turn[0, 0], atol=1e-4)
    # Where it is steady, the phase goes on, too.
    assert moves or np.abs(tile - tone).max() < 1e-4


def test_bands_that_end_where_the_wanted_rows_begin_are_passed_over(rng):
    scene = rng.normal(size=(300, 5))
    plan = tiles.plan(scene.shape, stride=16, reach=20, tile=64)
    first, second, *_ = plan.rows
    border = first.core.stop
    bands = tiles.read_bands(
        lambda start, stop: scene[start:stop], plan.rows, 8, slice(border, 300)
    )
    assert next(bands)[0] == second
