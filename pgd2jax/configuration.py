"""What a run's configuration means: models and dtypes from its groups."""

from collections.abc import Mapping

import jax

from pgd2jax.models import PGD2Net


def compute_dtype(dtype: str) -> str:
    """Resolves "auto": bfloat16 on GPU and TPU, float32 on a CPU, which emulates it.

    Raises:
        ValueError: if `dtype` is not auto, float32 or bfloat16.
    """
    if dtype not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"{dtype=} must be auto, float32 or bfloat16.")
    if dtype != "auto":
        return dtype
    return "float32" if jax.default_backend() == "cpu" else "bfloat16"


def model(group: Mapping, dtype: str = "auto", remat: bool = False) -> PGD2Net:
    """Returns the network of the configuration's `model` group."""
    return PGD2Net(**group, dtype=compute_dtype(dtype), remat=remat)
