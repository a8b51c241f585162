"""The data set `sar_despeckle`: speckled tiles and their references."""

import tensorflow_datasets as tfds

from tfds_sar import writing
from tfds_sar.sar_despeckle import near_real, simulated, tile


class Builder(tfds.core.GeneratorBasedBuilder):
    """Builds `sar_despeckle`; needs no TensorFlow with array_record files."""

    VERSION = tfds.core.Version("1.3.0")
    RELEASE_NOTES = {  # noqa: RUF012
        "1.0.0": "First release: simulated and near_real.",
        "1.1.0": "Feature phase_note; simulated_correlated, simulated_white and stack; "
        "array_record without compression.",
        "1.1.1": "Simulated tiles differ by rounding.",
        "1.2.0": "Simulated ground has more texture, contrast and large shapes.",
        "1.3.0": "Simulated bands are weighted down to 0.5 (Hann) and drift by up to 5 "
        "sampling rates in 256 lines; some water has no swell.",
    }
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "For near_real, put the 936 pairs published with Guan et al. (J-STARS 2024, "
        "doi 10.1109/JSTARS.2023.3345538) into the manual directory, zipped or "
        "unpacked. The simulated pairs need nothing."
    )
    BUILDER_CONFIGS = [  # noqa: RUF012
        simulated.Simulated(
            name="simulated",
            description="Random scenes behind random SAR transfer functions.",
        ),
        simulated.Simulated(
            name="simulated_correlated",
            description="Correlated speckle of one look, with phase.",
            count=100,
            speckle="correlated",
        ),
        simulated.Simulated(
            name="simulated_white",
            description="Speckle of one look, independent from pixel to pixel.",
            count=100,
            speckle="white",
        ),
        near_real.NearReal(
            name="near_real",
            description="The published Sentinel-1 pairs, from the manual directory.",
        ),
    ]

    def _create_builder_config(self, builder_config, version):
        # TFDS knows one object for each name; near_real keeps its name with options,
        # and each time series has a name of its own.
        if isinstance(builder_config, tile.SarConfig):
            return builder_config
        return super()._create_builder_config(builder_config, version)

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tile.features(),
            supervised_keys=("intensity", "reference"),
            disable_shuffling=True,  # Readers shuffle; here order is reproducible.
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager):
        config = self.builder_config
        # The folder is asked for only where it is needed: TFDS insists that it is.
        needed = isinstance(config, near_real.NearReal)
        manual_dir = dl_manager.manual_dir if needed else None
        return config.examples(manual_dir, self.info.metadata)

    def _generate_examples(self, examples):
        return examples

    def _process_pipeline_result(self, pipeline_result):
        self.builder_config.finish_pipeline(pipeline_result, self.info.metadata)

    def _example_writer(self) -> writing.UncompressedWriter:
        return writing.UncompressedWriter(self.info.file_format)
