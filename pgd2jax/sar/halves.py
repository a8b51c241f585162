"""The two halves of an SLC image that MERLIN plays against each other.

Real and imaginary part of a sample are independent where the impulse response is real,
that is where the centred spectrum is symmetric (Dalsasso, Denis and Tupin, "As if by
magic", IEEE TGRS 60, 2022). Either, squared and doubled, is an image of the intensity.
"""

import numpy as np

from pgd2jax.sar import pixels, radiometry, spectrum

# exp(E[log(half)]) times this is the intensity: a half over it is the square of a
# standard normal variable, whose mean logarithm is digamma(1/2) + log(2).
LOG_MEAN = float(2 * np.exp(np.euler_gamma))


def of(slc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns 2 Re^2 and 2 Im^2 of a centred image, [H, W] float32 each.

    Args:
        slc: Complex samples of one burst, [H, W], at least 64 pixels each way; pixels
            that are NaN stay so.

    Raises:
        ValueError: if its spectrum is not symmetric: the parts are not independent.
    """
    found = spectrum.estimate(np.where(pixels.no_data(slc), 0, slc))
    odd = spectrum.asymmetry(found)
    if odd > spectrum.MOST_ASYMMETRY:
        raise ValueError(
            f"the spectrum is not symmetric around its centre, {odd:.0%} of it "
            "differ, so that real and imaginary part are not independent: "
            "data.source=slc, instead of merlin, does not mind."
        )
    moved = spectrum.centred(slc, found.centroid, found.drift)
    return tuple(
        2 * radiometry.intensity(part).astype(np.float32)
        for part in (moved.real, moved.imag)
    )
