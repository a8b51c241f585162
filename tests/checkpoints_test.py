import contextlib
import errno
import gc
import json
import os
import pathlib
import resource
import shutil

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from pgd2jax import checkpoints
from tests import damage


@contextlib.contextmanager
def limited_files(size):
    """Lets no file grow beyond `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


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
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    ours, our_config = checkpoints.load_weights(target)
    theirs, their_config = checkpoints.load_weights(smoke_run)
    assert our_config == their_config
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    written = [path for path in target.rglob("*") if path.is_file()]
    for secret in (str(tmp_path), str(smoke_run)):
        assert not any(secret.encode() in path.read_bytes() for path in written)
    readme = ocp.PyTreeCheckpointer().restore(target / "params")
    jax.tree.map(np.testing.assert_array_equal, ours, readme)
    assert not (target / "state").exists()


def test_run_of_a_published_name_is_not_taken_for_those(
    tmp_path, smoke_run, monkeypatch
):
    (tmp_path / "medium").symlink_to(smoke_run)
    monkeypatch.chdir(tmp_path)
    mine = pathlib.Path("medium")
    assert checkpoints.weights_folder(mine).parent.parent == mine
    assert checkpoints.weights_folder("./medium").parent.parent == mine
    assert checkpoints.weights_folder("medium") == checkpoints.WEIGHTS / "medium"


def test_weights_are_not_exported_over_others(tmp_path, smoke_run):
    checkpoints.export_weights(smoke_run, tmp_path / "weights")
    with pytest.raises(FileExistsError, match="weights: is there already"):
        checkpoints.export_weights("small", tmp_path / "weights")


def test_weights_that_cannot_be_written_leave_nothing(tmp_path, smoke_run):
    with (
        limited_files(1_000),
        pytest.raises(checkpoints.CheckpointError, match="weights: could not be"),
    ):
        checkpoints.export_weights(smoke_run, tmp_path / "weights")
    assert not list(tmp_path.iterdir())


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
    with pytest.raises(
        checkpoints.CheckpointError, match="which has base, medium, small"
    ):
        checkpoints.weights_folder("smal")


def test_published_names_win_over_folders_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    assert checkpoints.weights_folder("small") == checkpoints.WEIGHTS / "small"
    with pytest.raises(checkpoints.CheckpointError, match="holds no weights"):
        checkpoints.weights_folder("./small")


def like(seed=0):
    weights = np.random.default_rng(seed).normal(
        size=(300, 300)
    )  # Nothing to compress.
    return {"step": np.int32(0), "w": weights.astype(np.float32)}


def saved(workdir, *steps):
    with contextlib.closing(checkpoints.Checkpoints(workdir)) as store:
        for step in steps:
            store.save(step, like(step), {"w": np.ones(1)}, {}, {"rmse": 1.0})


def restored(workdir):
    with contextlib.closing(checkpoints.Checkpoints(workdir)) as store:
        return store.restore_newest(like())


def test_state_comes_back_as_it_was_saved(tmp_path):
    saved(tmp_path, 1, 2)
    step, state = restored(tmp_path)
    assert step == 2
    np.testing.assert_array_equal(state["w"], like(2)["w"])


@pytest.mark.parametrize("done", [damage.cut, damage.flip, os.remove])
def test_damaged_step_is_set_aside_for_the_one_before(tmp_path, caplog, done):
    saved(tmp_path, 1, 2)
    done(damage.largest_array(tmp_path / "checkpoints" / "2" / "state"))
    step, state = restored(tmp_path)
    assert step == 1
    np.testing.assert_array_equal(state["w"], like(1)["w"])
    (warning,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert "checkpoints/2" in warning
    assert "and not used" in warning
    saved(tmp_path, 2)
    assert restored(tmp_path)[0] == 2


@pytest.mark.parametrize("steps", [(2,), (1, 2)])
def test_step_whose_metrics_are_emptied_goes_on_without(tmp_path, caplog, steps):
    saved(tmp_path, *steps)
    (tmp_path / "checkpoints" / "2" / "metrics" / "metrics").write_text("")
    assert restored(tmp_path)[0] == 2
    assert "its metrics are damaged" in caplog.text
    saved(tmp_path, 3)
    assert restored(tmp_path)[0] == 3


def test_steps_whose_weights_are_damaged_are_set_aside(tmp_path):
    saved(tmp_path, 1, 2)
    damage.flip(damage.largest_array(tmp_path / "checkpoints" / "1" / "params"))
    assert restored(tmp_path)[0] == 2
    assert {p.name for p in (tmp_path / "checkpoints").iterdir()} == {"2"}


@pytest.mark.parametrize("done", [damage.cut, damage.flip, os.remove])
def test_damage_of_many_arrays_is_said_once(tmp_path, smoke_run, done, capfd):
    step = tmp_path / "4"
    shutil.copytree(smoke_run / "checkpoints" / "4", step)
    (index,) = (step / "params" / "d").iterdir()
    done(index)
    with pytest.raises(checkpoints.CheckpointError, match=r"4: is not a whole"):
        checkpoints.load_weights(step)
    gc.collect()  # Reads nobody waits for would complain now, which is an error.
    assert capfd.readouterr().err == ""


def test_run_without_a_whole_checkpoint_says_so_and_loses_nothing(tmp_path):
    saved(tmp_path, 1, 2)
    for step in (1, 2):
        damage.flip(
            damage.largest_array(tmp_path / "checkpoints" / str(step) / "state")
        )
    for _ in range(2):  # The same command again says the same.
        with pytest.raises(checkpoints.CheckpointError, match="none of its checkpoint"):
            restored(tmp_path)
    assert len(list((tmp_path / "damaged").iterdir())) == 2


def test_state_of_another_structure_is_refused(tmp_path):
    saved(tmp_path, 1)
    with (
        contextlib.closing(checkpoints.Checkpoints(tmp_path)) as store,
        pytest.raises(checkpoints.CheckpointError, match="another version of pgd2jax"),
    ):
        store.restore_newest(like() | {"more": np.ones(1)})
    assert (tmp_path / "checkpoints" / "1").exists()


def test_step_that_cannot_be_written_leaves_those_before_it_whole(tmp_path):
    saved(tmp_path, 1)
    with (
        limited_files(100_000),
        pytest.raises(checkpoints.CheckpointError, match="could not be written"),
    ):
        saved(tmp_path, 2)
    assert restored(tmp_path)[0] == 1


def test_full_disk_is_told_in_one_sentence(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ocp.CheckpointManager, "save", full)
    with pytest.raises(
        checkpoints.CheckpointError, match="no space is left on the disk"
    ):
        saved(tmp_path, 1)
