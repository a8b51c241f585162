"""How well the network does on a fixed set of tiles."""

import math
from typing import Any

import jax
import numpy as np

from pgd2jax.data import pairs
from pgd2jax.metrics import referenced
from pgd2jax.train import steps


class Validation:
    """A fixed set of tiles, despeckled on all devices."""

    def __init__(self, tiles: pairs.Pair, model, batch_size: int):
        """Takes normalised tiles [N, H, W, 1]; the batch divides by the devices."""

        def predict(params, batch):
            return model.apply({"params": params}, *batch.inputs).intensity

        self._tiles = tiles
        self._batch_size = batch_size
        self._predict = steps.predict_step(predict)

    def despeckle(self, params: Any) -> np.ndarray:
        """Returns the tiles despeckled, [N, H, W], on every process."""
        count = len(self._tiles.has_phase)
        share = self._batch_size // jax.process_count()
        mine = jax.process_index() * share + np.arange(share)
        clean = []
        for start in range(0, count, self._batch_size):
            # The last batch is filled up with its last tile, which is cut off below.
            index = np.minimum(start + mine, count - 1)
            batch = jax.tree.map(lambda x, index=index: x[index], self._tiles)
            predicted = self._predict(
                params, steps.shard(batch, jax.local_device_count())
            )
            clean.append(np.asarray(predicted)[..., 0])
        return np.concatenate(clean)[:count]

    def measure(self, clean: np.ndarray) -> dict[str, float]:
        """Returns the means over the tiles, the rmse over their pixels; all in dB."""
        if not np.isfinite(clean).all():
            return {"rmse": math.nan}
        tiles = zip(clean, self._tiles.reference[..., 0], strict=True)
        return referenced.summary(
            {name: measure(*tile) for name, measure in referenced.ALL.items()}
            for tile in tiles
        )

    def first(self, clean: np.ndarray) -> list[np.ndarray]:
        """Returns the first tile noisy, despeckled and clean, [H, W] each."""
        tiles = self._tiles
        return [tiles.intensity[0, ..., 0], clean[0], tiles.reference[0, ..., 0]]
