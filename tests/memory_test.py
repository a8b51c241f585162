import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax import memory
from pgd2jax.infer import scene
from pgd2jax.train import loop, program

TOO_MUCH = (2**47,)  # More than addresses of 64 bits reach today.


def test_other_failures_stay_what_they_are():
    other = jax.errors.JaxRuntimeError("INTERNAL: something else")
    with (
        pytest.raises(jax.errors.JaxRuntimeError) as found,
        memory.of_device(jax.devices()[0], "rest"),
    ):
        raise other
    assert found.value is other


def test_image_beyond_the_memory_of_the_device_is_told_how_to_get_less(
    despeckler, monkeypatch, rng
):
    power = rng.exponential(size=(512, 40))
    monkeypatch.setattr(
        despeckler, "_estimate", lambda *_: jnp.ones(TOO_MUCH).block_until_ready()
    )
    with pytest.raises(ValueError, match=r"--tile 96 or tile=96\.$"):
        despeckler(intensity=power, looks=1, tile=256)


def test_least_tile_beyond_the_memory_of_the_device_is_not_told_to_shrink(
    despeckler, monkeypatch, tmp_path, rng
):
    path = tmp_path / "scene.npy"
    np.save(path, rng.exponential(size=(20, 20)).astype(np.float32))
    monkeypatch.setattr(
        despeckler, "_estimate", lambda *_: jnp.ones(TOO_MUCH).block_until_ready()
    )
    message = rf"^{path}: the memory .* take smaller weights, or a part of the image\.$"
    with pytest.raises(ValueError, match=message):
        scene.despeckle(despeckler, path, tmp_path / "clean.npy", looks=1)
    with (
        despeckler.open(path, looks=1) as clean,
        pytest.raises(ValueError, match=message),
    ):
        clean[:]


def test_step_beyond_the_memory_of_the_device_is_told_how_to_get_less(
    tmp_path, smoke_config, monkeypatch
):
    def draw(*_):
        return jnp.ones(TOO_MUCH).block_until_ready()

    monkeypatch.setattr(program.steps, "draw_step", lambda *_: draw)
    with pytest.raises(memory.OutOfMemoryError, match=r"--config\.train\.accumulate"):
        loop.run(smoke_config(), tmp_path)
