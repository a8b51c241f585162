"""How well edges survive, for one image of linear power, [H, W]."""

import numpy as np
from scipy import ndimage
from skimage import feature

from pgd2jax.metrics.images import together
from pgd2jax.metrics.referenced import FLOOR
from pgd2jax.metrics.undefined import undefined
from pgd2jax.sar import radiometry

DISTANCE_WEIGHT = 1 / 9  # Of Pratt's figure of merit.
SIGMA = 2.0  # Pixels over which Canny's detector smooths.
WEAKEST = 2.0  # dB of the weakest edge that starts a line; half of it goes on with one.


def preservation(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the edge preservation index; 1 is best, 0 is chance.

    The correlation of both images' Laplacians, in amplitude (Sattar et al., "Image
    enhancement based on a nonlinear multiscale method", TIP 1997, there called beta).

    Args:
        estimate: [H, W] linear power; gaps count as in neither image an edge.
        reference: [H, W] linear power.

    Returns:
        -1 to 1; NaN where an image has no edge at all.

    Raises:
        ValueError: if the shapes differ or no pixel is finite in both.
    """
    valid = together(estimate, reference)
    inner = ndimage.binary_erosion(valid, np.ones((3, 3)))
    high = []
    for image in (estimate, reference):
        amplitude = radiometry.amplitude(np.where(valid, image, 0).astype(np.float64))
        high.append(ndimage.laplace(amplitude, mode="nearest")[inner])
    one, other = (x - x.mean() if x.size else x for x in high)
    size = np.sqrt((one @ one) * (other @ other))
    if not size > 0:
        return undefined("edge preservation needs edges in both images.")
    return float(one @ other / size)


def profile(intensity: np.ndarray) -> np.ndarray:
    """Returns the mean across a vertical edge, [W], over the rows along it, [H, W]."""
    return np.nanmean(intensity, axis=0)


def smearing(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Returns the edge smearing, pixels; lower is better, 0 for an edge that is kept.

    The sum over the profile across the edge of the squared difference to the
    reference's, divided by the squared step, so that neither scale nor contrast counts
    (after Di Martino et al., TGRS 2014, whose measure is not divided). A step that is
    wholly flattened over n pixels has n / 4.

    Args:
        estimate: Around a vertical edge, [H, W] linear power.
        reference: The same; the step is the difference of its outer columns.
    """
    together(estimate, reference)
    truth = profile(reference)
    step = radiometry.power(float(truth[-1] - truth[0]))
    if not step > 0:
        return undefined("the reference has no step from the first to the last column.")
    return float(radiometry.power(profile(estimate) - truth).sum() / step)


def _response() -> float:
    """Returns the detector's gradient at a step of one, in its own unit."""
    step = np.zeros((1, 64))
    step[:, 32:] = 1
    smooth = ndimage.gaussian_filter(step, SIGMA, mode="nearest")
    return float(ndimage.sobel(smooth, axis=1, mode="nearest").max())


def figure_of_merit(estimate: np.ndarray, edges: np.ndarray) -> float:
    """Returns Pratt's figure of merit of the edges that are found; 1 is best.

    Canny's detector looks for edges of 2 dB and more; each pixel that it finds counts
    1 / (1 + d^2 / 9) at a distance of d pixels from a true one, over the larger of both
    numbers (Pratt, "Digital image processing", 1978; Di Martino et al., TGRS 2014, for
    its use here).

    Args:
        estimate: [H, W] linear power.
        edges: Where the true edges are, bool [H, W].

    Returns:
        0 to 1; NaN if there is no true edge.
    """
    if not edges.any():
        return undefined("there is no true edge.")
    mean = np.nanmean(estimate)
    if not mean > 0:
        return undefined("the image holds no power.")
    decibel = radiometry.decibel(np.nan_to_num(estimate), FLOOR * mean)
    threshold = WEAKEST * _response()
    found = feature.canny(decibel, SIGMA, threshold / 2, threshold)
    distance = ndimage.distance_transform_edt(~edges)
    merit = 1 / (1 + DISTANCE_WEIGHT * radiometry.power(distance[found]))
    return float(merit.sum() / max(edges.sum(), found.sum()))
