import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.sar import relief, scenes


@pytest.fixture(scope="module")
def observe():
    return jax.jit(functools.partial(scenes.observe, size=64))


@pytest.fixture(scope="module")
def drawn(observe):
    keys = jax.random.split(jax.random.key(0), 24)
    return [
        jax.device_get(observe(k, white=i % 2, looks=1)) for i, k in enumerate(keys)
    ]


def test_equal_keys_give_equal_scenes_and_others_differ(observe, drawn):
    again = observe(jax.random.split(jax.random.key(0), 24)[3], white=1, looks=1)
    np.testing.assert_array_equal(again.intensity, drawn[3].intensity)
    assert not np.array_equal(drawn[2].reference, drawn[3].reference)


def test_scenes_are_finite_and_positive(drawn):
    for scene in drawn:
        assert np.isfinite(scene.intensity).all()
        assert np.isfinite(scene.phase).all()
        assert scene.reference.min() > 0


def test_speckle_over_scenes_has_mean_one(drawn):
    ratio = np.stack([scene.intensity / scene.reference for scene in drawn])
    assert ratio.mean() == pytest.approx(1, abs=0.02)


def test_scenes_vary_in_level_and_in_contrast(drawn):
    decibel = [10 * np.log10(scene.reference) for scene in drawn]
    levels = [np.median(image) for image in decibel]
    spreads = [np.std(image) for image in decibel]
    assert np.ptp(levels) > 10
    assert min(spreads) < 2
    assert max(spreads) > 5


def test_several_looks_have_no_phase(observe):
    pair = observe(jax.random.key(5), white=False, looks=3)
    assert not np.asarray(pair.phase).any()


def test_kinds_are_drawn_as_told():
    keys = jax.random.split(jax.random.key(0), 2000)
    white, looks = jax.vmap(lambda key: scenes.draw_kind(key, 0.25))(keys)
    assert white.mean() == pytest.approx(0.25, abs=0.03)
    assert (looks == 1).mean() == pytest.approx(scenes.SINGLE, abs=0.03)
    several = np.asarray(looks)[looks > 1]
    assert several.max() <= scenes.MOST_LOOKS
    # Even in the logarithm.
    assert np.median(several) == pytest.approx(np.sqrt(scenes.MOST_LOOKS), rel=0.1)


def test_tiny_scene_is_refused():
    with pytest.raises(ValueError, match="at least 32"):
        scenes.draw(jax.random.key(0), (16, 64))


def test_flat_terrain_blurs_by_half_a_sample_and_no_more(rng):
    ground = jnp.asarray(rng.uniform(0.5, 2, (4, 32)), jnp.float32)
    image = relief.project(ground, jnp.zeros((4, 32)), jnp.float32(0.6))
    # Two half-pixel samples a pixel: a blur of (1, 6, 1) / 8.
    expected = (np.roll(ground, 1, 1) + 6 * ground + np.roll(ground, -1, 1)) / 8
    np.testing.assert_allclose(image, expected, rtol=1e-5)


def test_a_ridge_is_bright_before_and_dark_behind():
    col = np.arange(64)
    ridge = np.maximum(0, 20 - 1.2 * np.abs(col - 32))
    height = jnp.asarray(np.broadcast_to(ridge, (2, 64)), jnp.float32)
    image = relief.project(jnp.ones((2, 64)), height, jnp.float32(np.deg2rad(50)))
    image = np.asarray(image)[0]
    assert image.max() > 3  # Layover: more than one sample in a cell.
    assert image[:4] == pytest.approx(1)
    assert image[32:40].max() < 0.1  # Shadow.
