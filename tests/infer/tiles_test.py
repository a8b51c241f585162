import numpy as np
import pytest

from pgd2jax.infer import tiles


def pieces(scene, plan, margin):
    """Yields each tile with its halo, and where its core lies."""
    for row_core, have_rows, band in tiles.read_bands(
        lambda start, stop: scene[start:stop], plan, margin, slice(0, plan.rows)
    ):
        rows = tiles.mirrored(row_core, plan, 0, have_rows)
        for col_core in plan.columns:
            have_cols = tiles.within(col_core, margin, plan.cols)
            cols = tiles.mirrored(col_core, plan, 1, have_cols)
            yield (row_core, col_core), band[:, have_cols][rows[:, None], cols]


@pytest.mark.parametrize("shape", [(1, 1), (7, 100), (64, 64), (65, 33), (130, 200)])
@pytest.mark.parametrize("tile", [1, 32, 50, 1000])
def test_tiles_are_windows_of_the_mirrored_scene(shape, tile, rng):
    scene = rng.normal(size=shape)
    plan = tiles.plan(shape, stride=16, reach=20, tile=tile)
    padded = np.pad(scene, plan.halo, mode="reflect")
    count = 0
    for (rows, cols), window in pieces(scene, plan, plan.halo + 8):
        assert window.shape == tuple(c + 2 * plan.halo for c in plan.core)
        # All that can matter: the core and its halo as far as the scene goes.
        expected = padded[
            rows.start : rows.stop + 2 * plan.halo,
            cols.start : cols.stop + 2 * plan.halo,
        ]
        np.testing.assert_array_equal(
            window[: expected.shape[0], : expected.shape[1]], expected
        )
        count += 1
    assert count == len(plan)


def test_every_row_is_read_once(rng):
    scene, seen = rng.normal(size=(300, 5)), []

    def read(start, stop):
        seen.append((start, stop))
        return scene[start:stop]

    plan = tiles.plan(scene.shape, stride=16, reach=20, tile=64)
    for core, rows, band in tiles.read_bands(read, plan, 40, slice(0, 300)):
        np.testing.assert_array_equal(band, scene[rows])
        assert rows.start == max(core.start - 40, 0)
        assert rows.stop == min(core.stop + 40, 300)
    starts, stops = zip(*seen, strict=True)
    assert starts == (0, *stops[:-1])
    assert stops[-1] == 300


def test_bands_without_wanted_rows_are_neither_read_nor_yielded(rng):
    scene, seen = rng.normal(size=(300, 5)), []

    def read(start, stop):
        seen.append((start, stop))
        return scene[start:stop]

    plan = tiles.plan(scene.shape, stride=16, reach=20, tile=64)
    found = list(tiles.read_bands(read, plan, 10, slice(130, 193)))
    assert [core for core, _, _ in found] == [slice(128, 192), slice(192, 256)]
    for _, rows, band in found:
        np.testing.assert_array_equal(band, scene[rows])
    assert seen == [(118, 202), (202, 266)]


def test_origins_lie_on_the_stride_and_the_halo_covers_the_reach():
    plan = tiles.plan((500, 700), stride=32, reach=81, tile=200)
    assert plan.halo == 96
    assert plan.core == (192, 192)  # Three of 167 rows, four of 175 columns.
    assert all(core.start % 32 == 0 for core in (*plan.bands, *plan.columns))


def test_no_tile_size_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        tiles.plan((8, 8), stride=2, reach=2, tile=0)
