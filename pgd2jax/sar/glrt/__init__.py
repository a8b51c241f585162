"""Adaptive multilook of a co-registered time series by likelihood ratio tests."""

from pgd2jax.sar.glrt.multilook import Multilook
from pgd2jax.sar.glrt.rules import Rules
from pgd2jax.sar.glrt.scene import Stack, check_tile

__all__ = ["Multilook", "Rules", "Stack", "check_tile"]
