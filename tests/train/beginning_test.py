import jax
import numpy as np
import pytest

from pgd2jax import checkpoints, configuration
from pgd2jax.train import beginning, state


def fresh(config):
    model = configuration.model(config.model, "float32")
    tx = state.optimiser(4, **config.optimiser)
    return state.create(model, tx, config.seed, model.stride)


def test_run_begins_with_the_network_and_the_weights_of_another(
    smoke_run, smoke_config
):
    config = smoke_config()
    config.model.features = 16
    config.init_from = str(smoke_run)
    config, params = beginning.begin(config)
    assert config.model.features == 8
    now = state.begin_with(fresh(config), params)
    theirs, _ = checkpoints.load_weights(smoke_run)
    for tree in (now.params, now.average):
        jax.tree.map(np.testing.assert_array_equal, tree, theirs)
    assert now.step == 0


def test_weights_of_another_network_are_refused(smoke_run, smoke_config):
    config = smoke_config()
    config.model.features = 16
    params, _ = checkpoints.load_weights(smoke_run)
    with pytest.raises(ValueError, match="another network"):
        state.begin_with(fresh(config), params)


def test_missing_weights_are_named(smoke_config):
    config = smoke_config()
    config.init_from = "smal"
    with pytest.raises(checkpoints.CheckpointError, match="smal"):
        beginning.begin(config)


def test_images_are_despeckled_as_the_weights_were_trained(
    smoke_run, smoke_config, monkeypatch
):
    given = {}
    monkeypatch.setattr(
        beginning.data, "create", lambda **options: given.update(options)
    )
    config = smoke_config()
    config.init_from = str(smoke_run)
    beginning.batches(config)
    _, trained = checkpoints.load_weights(smoke_run)
    assert given["load"]().config == trained


def test_weights_of_a_later_version_are_told(smoke_run, smoke_config, monkeypatch):
    params, trained = checkpoints.load_weights(smoke_run)
    later = {**trained, "model": {**trained["model"], "novelty": 3}}
    monkeypatch.setattr(checkpoints, "load_weights", lambda name: (params, later))
    config = smoke_config()
    config.init_from = "later"
    with pytest.raises(checkpoints.CheckpointError, match="later: is of another ver"):
        beginning.begin(config.lock())
