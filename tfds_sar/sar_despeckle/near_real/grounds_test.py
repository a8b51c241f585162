import collections

import numpy as np
import pytest

from pgd2jax.sar import radiometry
from tfds_sar.sar_despeckle.near_real import grounds
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError

TILE = 256


def speckled(rng, power, looks):
    """Returns power under what a multilook of so many looks leaves, two pixels wide."""
    rows, cols = power.shape
    noise = rng.gamma(looks / 4, 4 / looks, (rows + 1, cols + 1))
    wide = noise[1:] + noise[:-1]
    return (power * (wide[:, 1:] + wide[:, :-1]) / 4).astype(np.float32)


def land(rng, size=512):
    """Returns fields with slanting borders, and some points."""
    row, col = np.indices((size, size))
    angle = rng.uniform(0, np.pi)
    along = (row * np.cos(angle) + col * np.sin(angle)) // rng.uniform(12, 30)
    across = (col * np.cos(angle) - row * np.sin(angle)) // rng.uniform(12, 30)
    field = (37 * along + 101 * across).astype(int) % 64
    power = radiometry.from_decibel(rng.uniform(-18, -6, 64)[field])
    power[tuple(rng.integers(0, size, (2, 50)))] *= 100
    return power


def sea(rng, size=512):
    """Returns water that darkens to far range, with a swell of its own."""
    col = np.arange(size)
    swell = np.sin(2 * np.pi * col / rng.uniform(20, 60) + rng.uniform(0, 6))
    level = rng.uniform(-25, -18) - 3 * col / size + 0.5 * swell
    return radiometry.from_decibel(level)[None] * np.ones((size, 1))


def quarters(parent):
    return [
        grounds.view(parent[row : row + TILE, col : col + TILE])
        for row in (0, TILE)
        for col in (0, TILE)
    ]


def group(parents):
    views = [view for parent in parents for view in quarters(parent)]
    # Names say nothing.
    return grounds.group([f"{number}" for number in range(len(views))], views)


def test_quarters_of_one_parent_are_one_ground_and_other_parents_are_not():
    rng = np.random.default_rng(0)
    found = group([speckled(rng, land(rng), 30) for _ in range(20)])
    for number, name in enumerate(found.names):
        assert int(name) // 4 == number // 4  # No two parents in one ground.
    parents = collections.Counter(int(name) // 4 for name in set(found.names))
    assert len(parents) == 20
    assert sum(count == 1 for count in parents.values()) >= 18
    assert found.joined["name"] == found.joined["like references"] == 0


@pytest.mark.parametrize("looks", [20, 1e6])
def test_flat_and_sea_like_tiles_form_no_chain(looks):
    rng = np.random.default_rng(0)
    flat = [np.full((TILE, TILE), 0.01) for _ in range(30)]
    water = [sea(rng, TILE) for _ in range(60)]
    tiles = [speckled(rng, power, looks) for power in flat + water]
    views = [grounds.view(one) for one in tiles]
    found = grounds.group([str(number) for number in range(len(views))], views)
    assert max(collections.Counter(found.names).values()) <= 2
    assert len(set(found.names)) >= 87


def test_straight_shores_at_the_same_place_form_no_chain():
    rng = np.random.default_rng(0)
    tiles = []
    for _ in range(40):
        shore = np.arange(TILE)[:, None] > 128 + rng.uniform(-20, 20)
        power = np.where(shore, 0.1, 0.01) * np.ones(TILE)
        tiles.append(grounds.view(speckled(rng, power, 20)))
    across = grounds.continues(tiles, 3, 2)
    assert across.sum() <= 2


def test_references_of_two_dates_are_one_ground():
    rng = np.random.default_rng(0)
    powers = [land(rng, TILE) for _ in range(10)]
    views = [grounds.view(speckled(rng, p, 30)) for p in powers for _ in range(2)]
    found = grounds.group([str(number) for number in range(20)], views)
    assert found.names == [str(number // 2 * 2) for number in range(20)]
    assert found.joined["like references"] == 10


def test_equal_references_are_one_ground_even_without_structure():
    rng = np.random.default_rng(0)
    flat = [np.float32(rng.gamma(30, 1 / 30, (TILE, TILE))) for _ in range(4)]
    views = [grounds.view(reference) for reference in [*flat, flat[2]]]
    found = grounds.group(list("abcde"), views)
    assert found.names == ["a", "b", "c", "d", "c"]
    assert found.joined["equal references"] == 1


def test_dates_are_no_part_of_a_grounds_name():
    assert grounds.ground("1_20160213") == grounds.ground("1_20190101") == "1"
    assert grounds.ground("a/20160213_12") == "a/12"
    for date in (
        "20160213_t_102030",
        "20160213102030",
        "2016_02_13",
        "13_feb_2016",
        "2_may_2016",
    ):
        assert grounds.ground(f"1_{date}_a") == "1_a"
    assert grounds.ground("1_2016_13_02") == "1_2016_13_02"
    assert grounds.ground("20160213") == "20160213"
    assert grounds.ground("12345678") == "12345678"


def test_whole_grounds_are_dealt_8_to_1_to_1():
    names = [str(number // 4) for number in range(936)]
    dealt = grounds.deal(names)
    assert {split: len(tiles) for split, tiles in dealt.items()} == {
        "train": 748,
        "validation": 96,
        "test": 92,
    }
    of = {split: {names[i] for i in tiles} for split, tiles in dealt.items()}
    assert sum(len(names) for names in of.values()) == len(set.union(*of.values()))
    assert sorted(i for tiles in dealt.values() for i in tiles) == list(range(936))


def test_one_large_ground_leaves_a_ground_to_each_split():
    dealt = grounds.deal(["a"] * 50 + ["b"] + ["c"])
    assert [len(tiles) for tiles in dealt.values()] == [50, 1, 1]


def test_fewer_than_three_grounds_cannot_be_split():
    with pytest.raises(ArchiveError, match=r"2 grounds \(a, b\) cannot be split"):
        grounds.deal(["a", "a", "b"])
