"""pgd2jax: phase-guided deep despeckling of SAR images.

>>> despeckler = pgd2jax.load()
>>> intensity = despeckler(slc)
"""

from pgd2jax.infer import Despeckler, load

__all__ = ["Despeckler", "load"]
__version__ = "0.1.0"
