"""Sentinel-1 products of level 1, SLC and GRD, in SAFE format."""

from pgd2jax.raster.sentinel1.measurement import Measurement
from pgd2jax.raster.sentinel1.product import is_product, layers

__all__ = ["Measurement", "is_product", "layers"]
