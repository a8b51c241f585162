"""What JAX runs on, as a command says."""

import jax


def use(device: str) -> None:
    """Chooses what JAX runs on, before it starts.

    Args:
        device: "cpu", "gpu", or "auto" for what JAX takes itself.

    Raises:
        ValueError: if there is no GPU for "gpu".
    """
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif device == "gpu" and jax.default_backend() != "gpu":
        raise ValueError(
            "--device gpu: JAX finds none; install its extra, pip install "
            '"pgd2jax[gpu]".'
        )
