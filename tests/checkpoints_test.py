import json
import shutil

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from pgd2jax import checkpoints


def test_weights_saved_on_eight_devices_come_back_as_numpy(smoke_run):
    params, config = checkpoints.load_weights(smoke_run)
    assert config["model"]["features"] == 8
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(params))


def test_best_step_by_validation_is_taken(tmp_path):
    store = checkpoints.Checkpoints(tmp_path)
    for step, rmse in [(1, 3.0), (2, 1.0), (3, 2.0), (4, 2.5), (5, 2.6)]:
        tree = {"snenet": np.float32([step]), "dbdnet": np.float32([step])}
        store.save(step, {"step": step}, tree, {"model": {}}, {"rmse": rmse})
    store.close()
    assert checkpoints.weights_folder(tmp_path).name == "2"
    kept = {p.name for p in (tmp_path / checkpoints.FOLDER).iterdir()}
    assert kept == {"2", "4", "5"}
    params, _ = checkpoints.load_weights(tmp_path)
    assert params["snenet"] == 2


def test_exported_weights_equal_the_run_and_lack_its_state(tmp_path, smoke_run):
    target = tmp_path / "weights"
    checkpoints.export_weights(smoke_run, target)
    assert not (target / "state").exists()
    ours, our_config = checkpoints.load_weights(target)
    theirs, their_config = checkpoints.load_weights(smoke_run)
    assert our_config == their_config
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_damaged_weights_are_refused_by_name(tmp_path, smoke_run):
    step = tmp_path / "4"
    shutil.copytree(smoke_run / "checkpoints" / "4", step)
    (step / "config" / "metadata").write_text("{")
    with pytest.raises(checkpoints.CheckpointError, match=r"4: is not a whole"):
        checkpoints.load_weights(step)
    shutil.copytree(smoke_run / "checkpoints" / "4", step, dirs_exist_ok=True)
    for path in (step / "params").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(checkpoints.CheckpointError, match=r"4: is not a whole"):
        checkpoints.load_weights(step)


def test_foreign_checkpoint_is_refused_by_name(tmp_path):
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as checkpointer:
        checkpointer.save(
            tmp_path / "other",
            ocp.args.Composite(
                params=ocp.args.StandardSave({"encoder": np.ones(3)}),
                config=ocp.args.JsonSave({"name": "other"}),
            ),
        )
    with pytest.raises(checkpoints.CheckpointError, match="another network"):
        checkpoints.load_weights(tmp_path / "other")


def test_folder_without_checkpoints_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(checkpoints.CheckpointError, match="holds no weights"):
        checkpoints.load_weights(tmp_path)


def test_unknown_name_lists_the_weights_that_come_along():
    with pytest.raises(checkpoints.CheckpointError, match="which has small"):
        checkpoints.weights_folder("smal")


def test_published_names_win_over_folders_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    assert checkpoints.weights_folder("small") == checkpoints.WEIGHTS / "small"
    with pytest.raises(checkpoints.CheckpointError, match="holds no weights"):
        checkpoints.weights_folder("./small")
