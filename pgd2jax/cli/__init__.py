"""The console command `pgd2jax`."""

from pgd2jax.cli.program import main

__all__ = ["main"]
