import numpy as np
import pytest
from scipy import fft

MARGIN = 16


@pytest.fixture(scope="session")
def speckle():
    """Returns what draws band-limited speckle of mean power 1, [T, size, size].

    `common` is the coherence between any two dates.
    """

    def draw(rng, dates, size, bandwidth=1.0, common=0.0):
        wide = size + 2 * MARGIN

        def gaussian(*shape):
            parts = rng.normal(size=(2, *shape)) * np.sqrt(0.5)
            return parts[0] + 1j * parts[1]

        white = np.sqrt(1 - common) * gaussian(dates, wide, wide)
        white += np.sqrt(common) * gaussian(wide, wide)
        band = np.abs(fft.fftfreq(wide)) <= bandwidth / 2
        band = band / np.sqrt(band.mean())
        samples = fft.ifft2(fft.fft2(white) * band[:, None] * band)
        return samples[:, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.complex64)

    return draw
