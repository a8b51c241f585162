"""Pairs for SAR despeckling: intensity, phase and reference."""

from tfds_sar.sar_despeckle.sar_despeckle_dataset_builder import Builder

__all__ = ["Builder"]
