import functools
import itertools
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax import data
from pgd2jax.data import pairs, sources, tiles
from pgd2jax.sar import radiometry, whitening

SIZES = {"batch_size": 4, "crop": 32, "crops_per_tile": 2, "white": 0.5, "seed": 0}


class Tiles:
    """A data source of twelve tiles whose pixels tell their tile and place."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        row, col = np.mgrid[:64, :64].astype(np.float32)
        place = (1 + index) * 10_000 + 100 * row + col
        return {
            "intensity": place[..., None],
            "phase": np.zeros((64, 64, 1), np.float32),
            "reference": place[..., None],
            "has_phase": index % 2 == 0,
            "looks": 1.0 + index,
        }


def pair(size=16, has_phase=True, looks=1.0, seed=0):
    rng = np.random.default_rng(seed)
    reference = rng.uniform(1, 2, (size, size, 1)).astype(np.float32)
    intensity = reference * rng.exponential(size=reference.shape).astype(np.float32)
    phase = rng.uniform(-np.pi, np.pi, reference.shape).astype(np.float32)
    return pairs.Pair(
        *(jnp.asarray(x) for x in (intensity, phase, reference)),
        has_phase=jnp.asarray(has_phase),
        looks=jnp.float32(looks),
        whitener=whitening.nothing(),
    )


def test_normalised_intensity_has_geometric_mean_one_and_the_same_ratio():
    before, after = pair(), pairs.normalise(pair())
    assert np.exp(np.log(after.intensity).mean()) == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(
        after.intensity / after.reference,
        before.intensity / before.reference,
        rtol=1e-4,
    )


def test_augmentation_moves_all_images_together_and_by_one_gain():
    original = pairs.normalise(pair())
    seen = set()
    for index in range(24):
        key = jax.random.key(index)
        changed = pairs.augment(
            original, key, phase_dropout=0.0, level_jitter=10.0, looks_jitter=0.0
        )
        np.testing.assert_allclose(
            np.sort((changed.intensity / changed.reference).ravel()),
            np.sort((original.intensity / original.reference).ravel()),
            rtol=1e-4,
        )
        moved = [
            np.rot90(flipped, turn)
            for flipped in (original.phase, original.phase[::-1])
            for turn in range(4)
        ]
        seen.add([np.array_equal(changed.phase, m) for m in moved].index(True))
        gain = changed.reference.mean() / original.reference.mean()
        assert 0.09 < gain < 11
    assert seen == set(range(8))


def test_augmentation_takes_the_whitener_along():
    slc = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype(np.float32)
    slc = slc[0] + 1j * slc[1]
    known = whitening.Whitener(
        jnp.array([[1.0, 0.5, 0, 0, 0, 0], [1.0, 0, -0.3, 0, 0, 0]]),
        jnp.array([0.2, -0.3]),
        jnp.array([False, False]),
    )
    original = pair(size=32)._replace(
        intensity=radiometry.intensity(slc),
        phase=radiometry.phase(slc),
        whitener=known,
    )

    def white(one):
        image = radiometry.slc(jnp.asarray(one.intensity), jnp.asarray(one.phase))
        batch = jax.tree.map(lambda x: x[None], one.whitener)
        return radiometry.intensity(whitening.whiten(image[None], batch))[0]

    before = np.asarray(white(original))
    for index in range(16):
        changed = pairs.augment(
            original,
            jax.random.key(index),
            phase_dropout=0.0,
            level_jitter=0.0,
            looks_jitter=0.0,
        )
        after = np.asarray(white(changed))
        off = [
            np.abs(after - np.rot90(flipped, turn)).max()
            for flipped in (before, before[::-1])
            for turn in range(4)
        ]
        assert sorted(off)[0] < 1e-4 < 0.1 < sorted(off)[1]


def test_a_stored_tile_tells_how_to_whiten_it_if_it_is_asked():
    stored = Tiles()[0]
    noise = np.random.default_rng(0).normal(size=(2, 65, 64, 1))
    slc = noise[0] + 1j * noise[1]
    slc = slc[1:] + 0.8 * slc[:-1]
    stored |= {"intensity": np.abs(slc) ** 2, "phase": np.angle(slc)}
    told = tiles.example(stored, whiten=True)["whitener"]
    assert abs(told.taps[0, 1]) > 0.15
    assert read(stored)["whitener"].taps[0, 1] == 0


def test_dropped_phase_is_zero_and_marked():
    for has_phase, dropout in [(True, 1.0), (False, 0.0)]:
        changed = pairs.augment(
            pair(has_phase=has_phase),
            jax.random.key(0),
            phase_dropout=dropout,
            level_jitter=0.0,
            looks_jitter=0.0,
        )
        assert not changed.has_phase
        assert not np.asarray(changed.phase).any()


def test_looks_that_are_told_scatter_only_where_there_is_no_phase():
    def told(has_phase, looks):
        example = pair(has_phase=has_phase, looks=looks)
        options = {"phase_dropout": 0.0, "level_jitter": 0.0, "looks_jitter": 0.2}
        keys = jax.random.split(jax.random.key(0), 200)
        return jax.vmap(lambda key: pairs.augment(example, key, **options).looks)(keys)

    assert (told(True, 1.0) == 1).all()
    assert np.std(np.log(told(False, 5.0))) == pytest.approx(0.2, rel=0.15)
    assert told(False, 1.0).min() == 1


read = functools.partial(tiles.example, whiten=False)


def tile(index):
    return pairs.Pair(**tiles.example(Tiles()[index], whiten=False))


def test_crops_of_one_example_show_the_same_window():
    cut = pairs.crop(tile(3), jax.random.key(0), 32)
    np.testing.assert_array_equal(cut.intensity, cut.reference)
    first = cut.reference[0, 0, 0]
    assert cut.reference[-1, -1, 0] == first + 31 * 101
    assert not cut.has_phase
    assert cut.looks == 4


def test_crops_reach_every_border_and_no_farther():
    keys = jax.random.split(jax.random.key(0), 400)
    corners = jax.vmap(lambda key: pairs.crop(tile(0), key, 60).reference[0, 0, 0])(
        keys
    )
    rows, cols = np.divmod(np.asarray(corners) - 10_000, 100)
    assert set(rows) == set(cols) == {0, 1, 2, 3, 4}


def test_crop_larger_than_a_tile_is_refused():
    with pytest.raises(ValueError, match="at most 64"):
        pairs.crop(tile(0), jax.random.key(0), 65)


class Stored:
    """A source of `Tiles`."""

    def examples(self):
        return tiles.shuffled(Tiles(), seed=7).map(read)

    def pair(self, example, key):
        return pairs.crop(pairs.Pair(**example), key, 32)

    def held_out(self, split, count):
        return jax.tree.map(lambda *x: np.stack(x), *(tile(i) for i in range(count)))


def seen(found):
    """Returns the numbers of the tiles of a batch."""
    return [int(image[0, 0, 0]) // 10_000 - 1 for image in found["reference"]]


def test_some_items_are_taken_from_all_over():
    assert tiles.spread(range(101), 5) == [0, 25, 50, 75, 100]
    assert tiles.spread("abc", 7) == tiles.spread("abc", None) == ["a", "b", "c"]
    assert tiles.spread([], 3) == []


def test_batches_start_anywhere_in_the_same_sequence():
    batches = data.Batches(Stored(), batch_size=4, crops_per_tile=1)
    whole = list(itertools.islice(batches.since(0), 6))
    later = list(itertools.islice(batches.since(4), 2))
    for (numbers, ours), (same, theirs) in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(numbers, same)
        np.testing.assert_array_equal(ours["reference"], theirs["reference"])


def test_an_epoch_shows_every_tile_once_and_the_next_in_another_order():
    batches = data.Batches(Stored(), batch_size=8, crops_per_tile=2)

    def epoch(start):
        steps = itertools.islice(batches.since(start), 3)
        return [number for _, found in steps for number in seen(found)]

    first, second = epoch(0), epoch(3)
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second


def test_processes_share_every_batch_and_its_numbers():
    batches = data.Batches(Stored(), batch_size=8, crops_per_tile=2)
    numbers, whole = next(batches.since(5))
    parts = [next(batches.since(5, process, 2)) for process in (0, 1)]
    together = dict(zip(numbers, seen(whole), strict=True))
    assert list(numbers) == [20, 21, 22, 23]
    assert [list(part) for part, _ in parts] == [[20, 22], [21, 23]]
    for part, found in parts:
        assert seen(found) == [together[number] for number in part]


def test_endless_examples_are_numbered_alike():
    batches = data.create(source="endless", data_dir="", **SIZES)
    (numbers, examples), _ = itertools.islice(batches.since(3, 1, 2), 2)
    assert list(numbers) == [7]
    assert examples == {}


def test_a_mix_takes_each_source_as_often_as_its_weight_says():
    mix = sources.Mixed([Stored(), sources.Endless(32, 0, 0.5)], [3, 1])
    found = mix.examples()
    kinds = [int(found[i]["source"]) for i in range(400)]
    assert kinds.count(0) == pytest.approx(300, abs=4)
    stored = [found[i] for i in range(8) if kinds[i] == 0]
    assert all(example["reference"].any() for example in stored)


def test_pairs_of_a_mix_are_those_of_their_source():
    class Bright(Stored):
        def pair(self, example, key):
            return super().pair(example, key)._replace(looks=np.float32(9))

    made = [Stored(), Bright()]
    mix = sources.Mixed(made, [1, 1])
    key, example = jax.random.key(3), read(Tiles()[2])
    for number, alone in enumerate(made):
        ours = jax.jit(mix.pair)(example | {"source": np.int32(number)}, key)
        jax.tree.map(np.testing.assert_array_equal, ours, alone.pair(example, key))


def test_what_is_held_out_of_a_mix_is_of_all_its_sources():
    held_out = sources.Mixed([Stored(), Stored()], [3, 1]).held_out("validation", 8)
    assert [int(x[0, 0, 0]) // 10_000 for x in held_out.reference] == [
        *range(1, 7),
        1,
        2,
    ]


@pytest.mark.parametrize("mix", ["endless", "endless=0", "endless=x", "endless=1,"])
def test_mix_that_does_not_read_is_refused(mix):
    with pytest.raises(ValueError, match="such as 'near_real=1, endless=3'"):
        data.create(source="endless", mix=mix, data_dir="", **SIZES)


def test_endless_pairs_depend_on_their_key_alone():
    source = data.create(source="endless", data_dir="", **SIZES).source
    draw = jax.jit(lambda key: source.pair({}, key))
    one, same, other = (draw(jax.random.key(i)) for i in (1, 1, 2))
    assert one.intensity.shape == (32, 32, 1)
    np.testing.assert_array_equal(one.intensity, same.intensity)
    assert not np.array_equal(one.reference, other.reference)


def test_missing_data_set_says_how_to_build_it(tmp_path):
    with pytest.raises(data.MissingDataError, match=r"tfds_sar\.build simulated"):
        data.create(source="simulated", data_dir=str(tmp_path), **SIZES)


def test_a_set_of_one_kind_of_speckle_is_trained_on_by_its_name(tmp_path):
    with pytest.raises(data.MissingDataError, match=r"build simulated_white "):
        data.create(source="simulated_white", data_dir=str(tmp_path), **SIZES)


def test_damaged_data_set_says_so(tiny_data_set, tmp_path):
    shutil.copytree(tiny_data_set, tmp_path, dirs_exist_ok=True)
    (info,) = tmp_path.rglob("dataset_info.json")
    for text in ("", "{", "[]"):
        info.write_text(text)
        with pytest.raises(data.MissingDataError, match=r"is damaged .*build it again"):
            data.create(source="simulated", data_dir=str(tmp_path), **SIZES)


def test_data_set_of_another_version_is_read_with_a_warning(
    tiny_data_set, tmp_path, caplog
):
    shutil.copytree(tiny_data_set, tmp_path, dirs_exist_ok=True)
    data.open_split(str(tmp_path), "simulated", "train")
    assert not caplog.text
    (info,) = tmp_path.rglob("dataset_info.json")
    now = info.parent.name
    info.write_text(
        info.read_text().replace(f'"version": "{now}"', '"version": "0.9.0"')
    )
    info.parent.rename(info.parent.with_name("0.9.0"))
    assert data.open_split(str(tmp_path), "simulated", "train")
    assert f"is version 0.9.0; what is new in {now}: Simulated" in caplog.text


def test_tfrecord_is_told_from_nothing(tiny_data_set, tmp_path):
    shutil.copytree(tiny_data_set, tmp_path, dirs_exist_ok=True)
    (info,) = tmp_path.rglob("dataset_info.json")
    info.write_text(info.read_text().replace("array_record", "tfrecord"))
    with pytest.raises(data.MissingDataError, match=r"holds tfrecord.*another --data_"):
        data.open_split(str(tmp_path), "simulated", "train")


def test_crops_that_do_not_fill_a_batch_are_refused():
    with pytest.raises(ValueError, match="must divide by"):
        data.create(source="simulated", data_dir="", **SIZES | {"crops_per_tile": 3})


def test_unknown_source_lists_the_known():
    with pytest.raises(ValueError, match="endless, near_real"):
        data.create(source="imagined", data_dir="", **SIZES)


def test_stack_is_read_by_its_name_and_asked_for_by_its_command(tmp_path):
    with pytest.raises(data.MissingDataError, match=r"tfds_sar\.build stack FILES "):
        data.create(source="stack-0123abcd", data_dir=str(tmp_path), **SIZES)
