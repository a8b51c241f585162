"""Means of named values over steps or images, by clu."""

from collections.abc import Mapping

import jax.numpy as jnp
from flax import struct

try:
    from clu.metrics import Average
except ImportError:  # GPU images often come without clu; its mean is all we use.

    @struct.dataclass
    class Average:  # type: ignore[no-redef]
        """Stands in for `clu.metrics.Average`."""

        total: jnp.ndarray
        count: jnp.ndarray

        @classmethod
        def from_model_output(cls, values):
            """Starts a mean with some values."""
            return cls(total=jnp.sum(values), count=jnp.asarray(jnp.size(values)))

        def merge(self, other):
            """Returns the mean over both."""
            return type(self)(self.total + other.total, self.count + other.count)

        def compute(self):
            """Returns the mean."""
            return self.total / self.count


class Averages:
    """A growing set of named means."""

    def __init__(self):
        """Starts empty."""
        self._means: dict[str, Average] = {}

    def add(self, values: Mapping[str, object]) -> None:
        """Adds one value, or an array of values, to each named mean."""
        for name, value in values.items():
            new = Average.from_model_output(jnp.asarray(value, jnp.float32))
            old = self._means.get(name)
            self._means[name] = new if old is None else old.merge(new)

    def take(self) -> dict[str, float]:
        """Returns the means and starts anew."""
        means = {name: float(mean.compute()) for name, mean in self._means.items()}
        self._means = {}
        return means
