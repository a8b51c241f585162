import numpy as np
import pytest

from pgd2jax.infer import cutting, tiles

SHAPE = (230, 190)


@pytest.fixture
def slc(rng):
    parts = rng.normal(size=(2, *SHAPE))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def cut(image, plan):
    reads = []

    def read(start, stop):
        reads.append((start, stop))
        return image[start:stop]

    wanted = slice(0, SHAPE[0])
    futures = cutting.cut(read, [(0, plan)], 1.0, wanted, put=lambda tile: tile)
    return [future.result() for future in futures], reads


@pytest.mark.parametrize("kind", ["complex64", "float32"])
@pytest.mark.parametrize("tile", [16, 48, 500])
def test_tiles_are_the_scene_mirrored_behind_its_end(slc, kind, tile):
    image = slc if kind == "complex64" else np.abs(slc)
    plan = tiles.plan(SHAPE, stride=16, reach=20, tile=tile)
    behind = [(0, axis.padded - axis.length) for axis in plan]
    padded = np.pad(image, behind, mode="reflect")
    found, reads = cut(image, plan)
    assert len(found) == plan.count
    for one in found:
        expected = padded[one.rows.whole, one.cols.whole]
        np.testing.assert_array_equal(one.samples, expected)
        assert one.samples.dtype == image.dtype
        assert one.blank is None
    # Every row is read once.
    assert [start for start, _ in reads] == [0, *(stop for _, stop in reads[:-1])]
    assert reads[-1][1] == SHAPE[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, 0])
def test_gaps_beside_a_tile_that_is_whole_are_filled_as_in_one_piece(slc, value):
    slc[:, 100:107] = value
    plan = tiles.plan(SHAPE, stride=16, reach=20, tile=16)
    (one,), _ = cut(slc, tiles.plan(SHAPE, stride=16, reach=20, tile=500))
    for part in cut(slc, plan)[0]:
        expected = one.samples[part.rows.whole, part.cols.whole]
        np.testing.assert_array_equal(part.samples, expected)
        lost = np.zeros(SHAPE[1], bool)
        lost[100:107] = True
        assert (part.blank is not None) == lost[part.cols.core].any()
