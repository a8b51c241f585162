import numpy as np
from PIL import Image

from pgd2jax.raster import quicklook


def test_gaps_have_no_part_in_the_means_of_blocks(tmp_path):
    power = np.full((2 * quicklook.SIDE, 6), 4.0)
    power[:, 1:4] = 16
    power[:, 5], power[1::2, 4] = np.nan, 0
    look = quicklook.Quicklook(power.shape)
    look.add(power[:7])
    look.add(power[7:])
    look.write(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        grey = np.asarray(image)
    assert grey.shape == (quicklook.SIDE, 3)
    # Blocks of 4 and 16; of 16 alone; and of one 4 among gaps.
    decibel = 10 * np.log10([10, 16, 4])
    part = (decibel - decibel.min()) / np.ptp(decibel)
    np.testing.assert_allclose(grey, np.tile(1 + 254 * part, (len(grey), 1)), atol=1)
