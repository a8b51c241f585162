"""Fixtures: a trained smoke run, a made-up archive, real samples."""

import os
import pathlib

# Before JAX starts: eight devices, so that every parallel step is really parallel, and
# little optimisation, as tests compile more than they compute.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "")
    + " --xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np
import pytest

from pgd2jax import compilation


@pytest.fixture(scope="session", autouse=True)
def _compilation_cache():
    compilation.cache()


@pytest.fixture(scope="module", autouse=True)
def _compiled_programs():
    """Lets programs go with their module: Linux maps 65,530 parts of memory at most."""
    yield
    jax.clear_caches()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def smoke_config():
    """Returns a function that makes a fresh copy of configs/smoke.py."""
    from configs import smoke

    return smoke.get_config


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory, smoke_config):
    """Trains the smoke configuration once and returns its workdir."""
    from pgd2jax.train import loop

    workdir = tmp_path_factory.mktemp("smoke")
    loop.run(smoke_config(), workdir)
    return workdir


@pytest.fixture(scope="session")
def despeckler(smoke_run):
    import pgd2jax

    return pgd2jax.load(smoke_run)


@pytest.fixture(scope="session")
def network():
    """Returns a PGD2Net of width 8 with weights that reach as far as they can."""
    from pgd2jax.models import PGD2Net

    model = PGD2Net(
        features=8,
        estimate_depth=1,
        denoise_depth=(1, 1, 1),
        sub_looks=2,
        sub_look_size=4,
        heads=1,
        window=4,
    )
    image = np.ones((1, 32, 32, 1), np.float32)
    params = jax.jit(model.init)(jax.random.key(0), image, image)["params"]
    # Heads start at zero, and would hide all behind them.
    noise = np.random.default_rng(1)
    params = jax.tree.map(
        lambda x: np.asarray(x) + 0.05 * noise.normal(size=x.shape).astype("f4"), params
    )
    return model, params


@pytest.fixture
def real_data():
    """Returns the folder of real samples, or skips the test."""
    folder = os.environ.get("PGD2JAX_REAL_DATA")
    if not folder:
        pytest.skip("PGD2JAX_REAL_DATA names no folder of real samples")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def tiny_data_set(tmp_path_factory):
    """Builds `sar_despeckle/simulated` with 60 tiles and returns the data folder."""
    from tfds_sar import build
    from tfds_sar.sar_despeckle import Builder

    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        (config,) = [c for c in Builder.BUILDER_CONFIGS if c.name == "simulated"]
        patch.setattr(config, "count", 60)
        build.build("simulated", folder)
    return folder
