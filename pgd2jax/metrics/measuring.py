"""All measures of one despeckled image at once."""

from collections.abc import Sequence

import numpy as np

from pgd2jax.metrics import edges, referenced, similarity, structure, unreferenced
from pgd2jax.metrics.measures import CLASSES
from pgd2jax.metrics.windows import Window, homogeneous

AROUND = (15, 7)  # Frame whose mean classes the brightness of a noisy pixel.


def measure(
    noisy: np.ndarray,
    estimate: np.ndarray,
    reference: np.ndarray | None = None,
    *,
    looks: float = 1.0,
    windows: Sequence[Window] | None = None,
) -> dict[str, float]:
    """Returns each measure of `measures.MEASURES` that a whole image has, by name.

    Args:
        noisy: [H, W] linear power; NaN for no data.
        estimate: [H, W] linear power.
        reference: [H, W] linear power, if there is one.
        looks: Equivalent number of looks of the noisy image.
        windows: Regions of homogeneous ground; found in the noisy image if None.

    Returns:
        Numbers, NaN with a `MeasureWarning` where a measure is not defined.

    Raises:
        ValueError: if shapes differ, or no pixel is finite in all images.
    """
    if windows is None:
        windows = homogeneous(noisy, looks)
    found = {}
    if reference is not None:
        found = _against(noisy, estimate, reference)
        found["flat_mean"] = unreferenced.over_windows(
            referenced.sum_ratio_db, windows, estimate, reference
        )
    truth, around = (noisy, AROUND) if reference is None else (reference, None)
    biases = structure.class_biases(estimate, truth, len(CLASSES), around)
    ratio = unreferenced.ratio(noisy, estimate)
    return {
        **found,
        **{f"bias_{name}": bias for name, bias in zip(CLASSES, biases, strict=True)},
        "enl": unreferenced.over_windows(unreferenced.enl, windows, estimate),
        "ratio_mean": unreferenced.over_windows(
            unreferenced.ratio_mean, windows, noisy, estimate
        ),
        "ratio_looks": unreferenced.over_windows(
            lambda *images: unreferenced.ratio_looks(*images, looks),
            windows,
            noisy,
            estimate,
        ),
        "sum_over_noisy": referenced.sum_ratio_db(estimate, noisy),
        "m_index": structure.m_index(noisy, ratio, windows),
        "excess_correlation": structure.excess_correlation(ratio, noisy, windows),
    }


def _against(noisy, estimate, reference) -> dict[str, float]:
    decibel = similarity.decibel(estimate, reference)
    twice = similarity.contrastive(noisy, estimate, reference)
    once = similarity.contrastive(noisy, estimate, reference, twice=False)
    return {
        **{name: f(estimate, reference) for name, f in referenced.ALL.items()},
        "ssim_amplitude": similarity.amplitude(estimate, reference).ssim,
        "psnr_decibel": decibel.psnr,
        "ssim_decibel": decibel.ssim,
        "psnr_contrastive": twice.psnr,
        "ssim_contrastive": twice.ssim,
        "psnr_contrastive_once": once.psnr,
        "ssim_contrastive_once": once.ssim,
        "gain": referenced.gain_db(noisy, estimate, reference),
        "edge_preservation": edges.preservation(estimate, reference),
    }
