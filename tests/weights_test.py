"""What the weights that come with pgd2jax promise."""

import functools
import importlib
import json

import jax
import numpy as np
import pytest

import pgd2jax
from pgd2jax import checkpoints, configuration
from pgd2jax.metrics import referenced, unreferenced
from pgd2jax.sar import filters, radiometry, scenes


@pytest.fixture(scope="module")
def shipped():
    return pgd2jax.load()


MOST_BYTES = {"small": 2e6, "medium": 4e6, "base": 10e6}


@pytest.mark.parametrize("name", checkpoints.published())
def test_weights_are_light_and_of_their_configuration(name):
    config = importlib.import_module(f"configs.{name}").get_config()
    despeckler = pgd2jax.load(name)
    assert despeckler.model == configuration.model(config.model, "float32")
    folder = checkpoints.WEIGHTS / name
    card = (folder / "README.md").read_text()
    # What the card says to train them again is how they were trained.
    again = json.loads(config.to_json())
    assert not again["init_from"]
    for group in ("data", "augment", "loss", "optimiser", "train"):
        given = despeckler.config[group]
        for key in ("num_steps",) if group == "train" else given:
            told = f"--config.{group}.{key}={given[key]}"
            assert given[key] == again[group][key] or told in card, told
    begun = despeckler.config["init_from"]
    assert not begun or f"--config.init_from={begun}" in card
    assert sum(file.stat().st_size for file in folder.rglob("*")) < MOST_BYTES[name]
    assert not (folder / "state").exists()
    assert not list(folder.rglob("commit_success.txt"))  # It names where it was saved.
    assert f"--config configs/{name}.py" in card
    assert f"| reach | {despeckler.model.reach} pixels" in card


@pytest.mark.slow
@pytest.mark.parametrize("looks", [1, 2.5, 12])
def test_flat_ground_keeps_its_mean_and_loses_its_speckle(shipped, rng, looks):
    level = 10 ** np.kron([[-1.5, 0.5]], np.ones((192, 192)))
    power = level * rng.gamma(looks, 1 / looks, level.shape)
    ratio = (shipped(intensity=power, looks=looks) / level)[32:-32].reshape(128, 2, 192)
    for half in ratio.transpose(1, 0, 2)[..., 32:-32]:
        # The mean of 16384 single-look samples varies by 0.03 dB.
        assert 10 * np.log10(half.mean()) == pytest.approx(0, abs=0.12)
        assert unreferenced.enl(half) > 100


@pytest.mark.slow
def test_a_scene_is_despeckled_better_with_its_phase(shipped):
    observe = jax.jit(functools.partial(scenes.observe, size=256))
    errors = []
    for seed in range(4):
        pair = jax.device_get(observe(jax.random.key(1000 + seed), white=False))
        slc = radiometry.slc(pair.intensity, pair.phase)
        images = (
            shipped(slc),
            shipped(intensity=pair.intensity, looks=1),
            filters.frost(pair.intensity),
        )
        errors.append([referenced.rmse_db(image, pair.reference) for image in images])
    with_phase, without, frost = np.sqrt(np.mean(np.square(errors), axis=0))
    assert with_phase < without
    assert with_phase < 0.85 * frost
