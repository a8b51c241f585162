"""Published networks to compare with, written from their papers.

They take intensity alone; phase and looks are ignored. All work on log-intensity and
give what PGD2Net gives, so that the same loop trains them. As PGD2Net they begin as the
identity: with random last layers the likelihood was not finite after some steps.
"""

from benchmarks.peers.sar_cam import SarCam
from benchmarks.peers.sar_drn import SarDrn

PEERS = {"SAR-DRN": SarDrn, "SAR-CAM": SarCam}
