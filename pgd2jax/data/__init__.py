"""Training pairs: from a TFDS data set or made on the device."""

from pgd2jax.data.batches import Batches, create
from pgd2jax.data.pairs import Pair
from pgd2jax.data.sources import SOURCES, Source
from pgd2jax.data.tiles import MissingDataError, open_split

__all__ = [
    "SOURCES",
    "Batches",
    "MissingDataError",
    "Pair",
    "Source",
    "create",
    "open_split",
]
