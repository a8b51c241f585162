"""PGD2Net and its two subnetworks."""

from pgd2jax.models.dbdnet import DBDNet
from pgd2jax.models.pgd2net import Estimate, PGD2Net
from pgd2jax.models.snenet import SNENet

__all__ = ["DBDNet", "Estimate", "PGD2Net", "SNENet"]
