"""What other projects rely on, end to end."""

import json
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest
import tifffile

import pgd2jax

REPOSITORY = pathlib.Path(__file__).parent.parent


def test_plain_orbax_and_flax_restore_and_run_the_weights(smoke_run, despeckler):
    real, imag = np.random.default_rng(0).normal(size=(2, 64, 64))
    slc = (real + 1j * imag).astype(np.complex64)
    step = smoke_run / "checkpoints" / "4"

    # As printed in the README.
    import orbax.checkpoint as ocp

    from pgd2jax.models import PGD2Net
    from pgd2jax.sar import spectrum

    config = json.loads((step / "config" / "metadata").read_text())
    params = ocp.PyTreeCheckpointer().restore(step / "params")
    network = PGD2Net(**config["model"])
    whitener = jax.tree.map(lambda known: known[None], spectrum.whitener([slc]))
    image = slc[None, ..., None]
    clean = network.apply(
        {"params": params}, abs(image) ** 2, slc=image, whitener=whitener
    )

    assert clean.intensity.shape == image.shape
    for ours, theirs in zip(
        jax.tree.leaves(pgd2jax.load(step).params), jax.tree.leaves(params), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_published_layout_trains_and_despeckles_end_to_end(tmp_path):
    rng = np.random.default_rng(0)
    for role in ("gt", "ori", "pha"):
        (tmp_path / "archive" / role).mkdir(parents=True)
    for ground in range(6):
        reference = np.float32(10 ** rng.uniform(-1, 1)) * np.ones(
            (256, 256), np.float32
        )
        images = {
            "gt": reference,
            "ori": reference * rng.exponential(size=(256, 256)),
            "pha": rng.uniform(-np.pi, np.pi, (256, 256)),
        }
        for role, image in images.items():
            path = tmp_path / "archive" / role / f"{ground}_20160213.tif"
            tifffile.imwrite(path, image.astype(np.float32))

    def run(*command):
        subprocess.run([sys.executable, "-m", *command], cwd=REPOSITORY, check=True)

    data_dir, workdir = tmp_path / "data", tmp_path / "run"
    archive = f"--manual_dir={tmp_path / 'archive'}"
    run("tfds_sar.build", "near_real", archive, f"--data_dir={data_dir}")
    tiny = {
        "data.source": "near_real",
        "data.data_dir": data_dir,
        "data.batch_size": 8,
        "data.crop": 32,
        "model.features": 8,
        "model.estimate_depth": 1,
        "model.heads": 1,
        "train.num_steps": 20,
        "train.eval_tiles": 1,
    }
    overrides = [f"--config.{name}={value}" for name, value in tiny.items()]
    run("pgd2jax.main", "--config=configs/base.py", f"--workdir={workdir}", *overrides)
    source, target = tmp_path / "archive" / "ori" / "0_20160213.tif", tmp_path / "c.tif"
    run(
        "pgd2jax.cli", "despeckle", source, f"--weights={workdir}", f"--output={target}"
    )
    clean = tifffile.imread(target)
    assert clean.shape == (256, 256)
    assert np.isfinite(clean).all()
    assert clean.min() > 0
