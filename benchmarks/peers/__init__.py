"""Published networks to compare with, written from their papers.

They take intensity alone; phase and looks are ignored. All work on log-intensity and
give what PGD2Net gives, so that the same loop trains them.
"""

from benchmarks.peers.sar_cam import SarCam
from benchmarks.peers.sar_drn import SarDrn

PEERS = {"SAR-DRN": SarDrn, "SAR-CAM": SarCam}
