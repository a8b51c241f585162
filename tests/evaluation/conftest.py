import numpy as np
import pytest


@pytest.fixture
def dates(tmp_path, rng):
    """Returns the files of six dates of 64 x 80 pixels, one with a gap."""
    ground = np.ones((64, 80))
    ground[:, 40:] = 10
    paths = []
    for number in range(6):
        parts = rng.normal(size=(2, *ground.shape)) * np.sqrt(ground / 2)
        slc = (parts[0] + 1j * parts[1]).astype(np.complex64)
        if number == 2:
            slc[:20, :20] = np.nan
        paths.append(tmp_path / f"2026-0{number + 1}.npy")
        np.save(paths[-1], slc)
    return paths
