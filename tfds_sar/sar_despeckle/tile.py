"""What one example holds, whichever configuration it comes from."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow_datasets as tfds

SIZE = 256  # Pixels of a square tile.

Example = dict[str, object]
Examples = Iterable[tuple[int | str, Example]]  # Of key and example.


def features() -> tfds.features.FeaturesDict:
    """Returns the features; `example` makes what fits them."""
    image = tfds.features.Tensor(
        shape=(SIZE, SIZE, 1), dtype=np.float32, encoding=tfds.features.Encoding.BYTES
    )
    return tfds.features.FeaturesDict(
        {
            "intensity": image,  # Linear power.
            "phase": image,  # Radians in (-pi, pi]; zeros where there is none.
            "reference": image,  # Linear power, the mean over the speckle.
            "has_phase": tfds.features.Scalar(np.bool_),
            "phase_note": tfds.features.Text(),  # Why there is none, or empty.
            "looks": tfds.features.Scalar(np.float32),
            "speckle": tfds.features.Text(),  # correlated, white or measured.
            "id": tfds.features.Text(),
            "scene": tfds.features.Text(),  # No scene is in two splits.
        }
    )


def example(
    intensity: np.ndarray,
    phase: np.ndarray | None,
    reference: np.ndarray,
    *,
    phase_note: str = "",
    looks: float,
    speckle: str,
    id: str,
    scene: str,
) -> Example:
    """Returns one example of [rows, cols] images.

    Args:
        intensity: Linear power.
        phase: Radians, or None; it is kept only where `phase_note` is empty.
        reference: Linear power.
        phase_note: Why the phase means nothing.
        looks: Averaged in the intensity.
        speckle: "correlated", "white" or "measured".
        id: Of the tile, unique in the data set.
        scene: Ground that the tile shows.
    """
    if phase is None and not phase_note:
        phase_note = "no phase"
    if phase_note:
        phase = np.zeros_like(intensity)
    return {
        "intensity": np.asarray(intensity, np.float32)[..., None],
        "phase": np.asarray(phase, np.float32)[..., None],
        "reference": np.asarray(reference, np.float32)[..., None],
        "has_phase": not phase_note,
        "phase_note": phase_note,
        "looks": float(looks),
        "speckle": speckle,
        "id": id,
        "scene": scene,
    }


@dataclasses.dataclass(kw_only=True)
class SarConfig(tfds.core.BuilderConfig):
    """Says where pairs come from; whatever changes bytes on disk is a field here."""

    def options(self) -> dict[str, object]:
        """Returns what changes the bytes on disk, to be kept in the metadata."""
        names = {field.name for field in dataclasses.fields(self)}
        shared = {field.name for field in dataclasses.fields(SarConfig)}
        return {name: getattr(self, name) for name in sorted(names - shared)}

    def examples(
        self, manual_dir: str | None, metadata: dict
    ) -> Mapping[str, Examples]:
        """Returns the examples of each split, lazily.

        Args:
            manual_dir: Where the user put what cannot be fetched; None if nowhere.
            metadata: To be filled with what is worth keeping of the sources; it is
                stored beside the data set when all examples have been written.
        """
        raise NotImplementedError
