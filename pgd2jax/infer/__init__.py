"""Inference: weights in, despeckled scenes out."""

from pgd2jax.infer.despeckler import Despeckler, load

__all__ = ["Despeckler", "load"]
