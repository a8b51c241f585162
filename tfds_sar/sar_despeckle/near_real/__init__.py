"""The published pairs, read from whatever the user unpacked, or did not."""

from tfds_sar.sar_despeckle.near_real.archive import ArchiveError
from tfds_sar.sar_despeckle.near_real.source import NearReal

__all__ = ["ArchiveError", "NearReal"]
