"""The data set `sar_despeckle`: speckled tiles and their references."""

import dataclasses

import numpy as np
import tensorflow_datasets as tfds

from tfds_sar.sar_despeckle import near_real, simulated

SIZE = 256  # Pixels of a square tile.


@dataclasses.dataclass(kw_only=True)
class SarConfig(tfds.core.BuilderConfig):
    """Says where pairs come from; whatever changes bytes on disk is a field here.

    Attributes:
        source: "simulated" or "near_real".
        seed: Of the simulation.
        count: Tiles to simulate.
    """

    source: str
    seed: int = 0
    count: int = 936  # As many as were published.


class Builder(tfds.core.GeneratorBasedBuilder):
    """Builds `sar_despeckle`; needs no TensorFlow with array_record files."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release: simulated and near_real."}  # noqa: RUF012
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "For near_real, unpack the 936 pairs published with Guan et al. (J-STARS 2024, "
        "doi 10.1109/JSTARS.2023.3345538) into the manual directory, one folder each "
        "for gt, ori and pha. The simulated pairs need nothing."
    )
    BUILDER_CONFIGS = [  # noqa: RUF012
        SarConfig(
            name="simulated",
            source="simulated",
            description="Random scenes behind random SAR transfer functions.",
        ),
        SarConfig(
            name="near_real",
            source="near_real",
            description="The published Sentinel-1 pairs, from the manual directory.",
        ),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Tensor(
            shape=(SIZE, SIZE, 1),
            dtype=np.float32,
            encoding=tfds.features.Encoding.BYTES,
        )
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "intensity": image,  # Linear power.
                    "phase": image,  # Radians in (-pi, pi]; zeros where there is none.
                    "reference": image,  # Linear power, the mean over the speckle.
                    "has_phase": tfds.features.Scalar(np.bool_),
                    "looks": tfds.features.Scalar(np.float32),
                    "speckle": tfds.features.Text(),  # correlated, white or measured.
                    "id": tfds.features.Text(),
                    "scene": tfds.features.Text(),  # No scene is in two splits.
                }
            ),
            supervised_keys=("intensity", "reference"),
            disable_shuffling=True,  # Readers shuffle; here order is reproducible.
        )

    def _split_generators(self, dl_manager):
        config = self.builder_config
        if config.source == "near_real":
            pairs = near_real.find(dl_manager.manual_dir)
            return {
                split: near_real.generate(pairs, stems, SIZE)
                for split, stems in near_real.splits(pairs).items()
            }
        tenth = config.count // 10
        bounds = (0, config.count - 2 * tenth, config.count - tenth, config.count)
        return {
            split: simulated.generate(config.seed, range(start, stop), SIZE)
            for split, start, stop in zip(
                ("train", "validation", "test"), bounds[:-1], bounds[1:], strict=True
            )
        }

    def _generate_examples(self, examples):
        return examples
