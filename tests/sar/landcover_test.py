import jax
import numpy as np

from pgd2jax.sar import landcover


def test_corners_of_a_town_lie_between_a_bright_wall_and_its_shadow():
    found = []
    for key in jax.random.split(jax.random.key(0), 6):
        town = jax.device_get(landcover.town(key, (256, 256), 64))
        rows = np.round(town.corner_row).astype(int)
        cols = np.round(town.corner_col).astype(int)
        inside = (rows > 1) & (rows < 254) & (cols > 1) & (cols < 254)
        for row, col in zip(rows[inside], cols[inside], strict=True):
            around = town.level[row - 1 : row + 2, col - 1 : col + 2]
            found.append(around.max() >= 4 and around.min() <= -5.9)
    assert np.mean(found) > 0.8
