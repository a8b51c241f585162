import jax
import jax.numpy as jnp
import pytest

from pgd2jax import memory
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
        despeckler, "_apply", lambda *_: jnp.ones(TOO_MUCH).block_until_ready()
    )
    with pytest.raises(ValueError, match=r"--tile 104 or tile=104, or set"):
        despeckler(intensity=power, looks=1, tile=256)


def test_step_beyond_the_memory_of_the_device_is_told_how_to_get_less(
    tmp_path, smoke_config, monkeypatch
):
    monkeypatch.setattr(
        program.Program, "batch", lambda *_: jnp.ones(TOO_MUCH).block_until_ready()
    )
    with pytest.raises(memory.OutOfMemoryError, match=r"--config\.train\.accumulate"):
        loop.run(smoke_config(), tmp_path)
