"""Inference: weights in, despeckled scenes out."""

from pgd2jax.infer.despeckler import Despeckler
from pgd2jax.infer.loading import load

__all__ = ["Despeckler", "load"]
