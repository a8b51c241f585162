import numpy as np
import pytest

from pgd2jax.infer import tiles


@pytest.mark.parametrize("shape", [(1, 1), (7, 100), (64, 64), (65, 33), (130, 200)])
@pytest.mark.parametrize("tile", [1, 32, 50, 1000])
def test_identity_through_tiles_returns_the_scene(shape, tile, rng):
    scene = rng.normal(size=shape)
    plan = tiles.plan(shape, stride=16, reach=20, tile=tile)
    padded = tiles.pad(scene, plan)
    result = np.full(shape, np.nan)
    inner = slice(plan.halo, -plan.halo)
    count = 0
    for core in plan:
        window = padded[plan.with_halo(core)]
        assert window.shape == tuple(c + 2 * plan.halo for c in plan.core)
        target = result[core]
        target[:] = window[inner, inner][: target.shape[0], : target.shape[1]]
        count += 1
    np.testing.assert_array_equal(result, scene)
    assert count == len(plan)


def test_origins_lie_on_the_stride_and_the_halo_covers_the_reach():
    plan = tiles.plan((500, 700), stride=32, reach=81, tile=200)
    assert plan.halo == 96
    assert plan.core == (224, 224)
    assert all(s.start % 32 == 0 for core in plan for s in core)


def test_corner_is_padded_by_its_mirror_image():
    scene = np.arange(12.0).reshape(3, 4)
    plan = tiles.plan(scene.shape, stride=2, reach=2, tile=4)
    padded = tiles.pad(scene, plan)
    assert padded[2, 2] == scene[0, 0]
    assert padded[1, 1] == scene[1, 1]
    assert padded[0, 0] == scene[2, 2]


def test_no_tile_size_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        tiles.plan((8, 8), stride=2, reach=2, tile=0)
