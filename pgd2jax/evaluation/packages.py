"""Despecklers of other packages; each is imported when it is asked for.

An entry of `PACKAGES` imports its package and returns what despeckles, (intensity,
looks, slc) -> intensity; images are [H, W], linear power or complex samples, slc None
where there is no phase. Gaps are filled with the median and come back as NaN.
"""

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from scipy import special

from pgd2jax.metrics import windows
from pgd2jax.sar import radiometry

Despeckle = Callable[[np.ndarray, float, np.ndarray | None], np.ndarray]

FLOOR = 1e-4  # Of the mean; the logarithm's lower end.
REACH = 6  # Pixels, over which speckle is correlated at most.
# Of the ground of a flat window; left in, it would pass for correlation of the speckle,
# of 0.05 to 0.1 between neighbours where there is none.
DEGREE = 3
# Of deepdespeckling: its networks know the amplitudes of some sensors' digital numbers.
# Of 10, 30, 76, 200 and 600 this geometric mean, the middle of their normalised
# logarithm, had the lowest error, or one within 0.05 dB of it.
AMPLITUDE = 76.0
PATCH = 256  # Pixels; no image may be smaller.


class MissingPackageError(ValueError):
    """A package that is not installed; the message says how to."""


def _import(name: str, install: str, unneeded: tuple[str, ...] = ()) -> Any:
    """Imports a package.

    Args:
        name: Of the module.
        install: What to tell pip.
        unneeded: Modules that it imports for what is not asked of it, and that may be
            missing or broken; it is given stand-ins for them.
    """
    before = {stand_in: sys.modules.get(stand_in) for stand_in in unneeded}
    sys.modules.update(
        {
            stand_in: mock.MagicMock()
            for stand_in, module in before.items()
            if module is None
        }
    )
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"the package {name.partition('.')[0]} is missing ({error}); "
            f"pip install {install}"
        ) from error
    finally:
        for stand_in, module in before.items():
            if module is None:
                del sys.modules[stand_in]


def _without_gaps(
    function: Callable[[np.ndarray, float, np.ndarray], np.ndarray],
) -> Despeckle:
    """Returns what takes images with gaps, for a function that takes none.

    Args:
        function: (filled intensity, looks, where it is not filled) -> intensity.
    """

    def despeckle(intensity, looks, slc):
        valid = np.isfinite(intensity)
        if not valid.any():
            return np.full(intensity.shape, np.nan, np.float32)
        filled = np.where(valid, intensity, np.median(intensity[valid]))
        clean = function(filled.astype(np.float64), looks, valid)
        return np.where(valid, clean, np.nan).astype(np.float32)

    return despeckle


def _polynomials(size: int) -> np.ndarray:
    """Returns orthonormal polynomials of a square window, [size^2, how many]."""
    row, col = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].reshape(2, -1)
    powers = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    return np.linalg.qr(np.stack([row**i * col**j for i, j in powers], axis=1))[0]


def _log_spectrum(log_intensity: np.ndarray, flat: list[windows.Window], variance):
    """Returns the power spectrum of log speckle, measured on flat ground, [H, W]."""
    side = 2 * windows.WINDOW
    ground = _polynomials(windows.WINDOW)
    total = np.zeros((side, side))
    for window in flat:
        values = log_intensity[window].ravel()
        rest = (values - ground @ (ground.T @ values)).reshape((windows.WINDOW,) * 2)
        total += np.abs(np.fft.fft2(rest, (side, side))) ** 2
    pairs = np.abs(np.fft.fft2(np.ones((windows.WINDOW,) * 2), (side, side))) ** 2
    found = np.fft.ifft2(total).real / np.maximum(np.fft.ifft2(pairs).real, 1)
    near = np.arange(-REACH, REACH + 1)
    taper = np.cos(np.pi * near / (2 * REACH + 2))
    kernel = np.zeros(log_intensity.shape)
    kernel[np.ix_(near, near)] = found[np.ix_(near, near)] * np.outer(taper, taper)
    spectrum = np.maximum(np.fft.fft2(kernel / kernel[0, 0]).real, 1e-3)
    return spectrum * variance * log_intensity.size


def bm3d() -> Despeckle:
    """Returns BM3D on the logarithm, told the speckle's spectrum (Mäkinen, TIP 2020).

    The spectrum is measured in homogeneous windows, 32 x 32 at least one of which must
    fit. Log speckle of L looks has the mean psi(L) - ln L and the variance psi'(L).
    """
    package = _import("bm3d", '"pgd2jax[bm3d]"')

    def despeckle(intensity, looks, valid):
        log = radiometry.log_intensity(intensity, FLOOR * intensity.mean())
        seen = np.where(valid, intensity, np.nan)
        flat = windows.homogeneous(seen, looks) or [windows.flattest(seen)]
        spectrum = _log_spectrum(log, flat, special.polygamma(1, looks))
        clean = np.squeeze(package.bm3d(log, spectrum))
        bias = special.digamma(looks) - np.log(looks)
        return radiometry.intensity_from_log(clean - bias)

    return _without_gaps(despeckle)


def mulog() -> Despeckle:
    """Returns MuLoG with BM3D (Deledalle et al., TIP 2017); takes white speckle."""
    # Its types are written with nptyping, which NumPy 2 breaks, and which would have
    # pip put NumPy 1 in its place.
    install = '"pgd2jax[bm3d]"; pip install --no-deps mulog attrs strenum'
    package = _import("mulog", install, unneeded=("nptyping",))

    def despeckle(intensity, looks, valid):
        floored = np.maximum(intensity, FLOOR * intensity.mean())
        return package.run_mulog(floored, looks, package.run_autoscaled_bm3d).real

    return _without_gaps(despeckle)


@contextlib.contextmanager
def _quiet():
    """Swallows what a package prints, and lets PyTorch load its own weights."""
    name = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"  # They hold more than arrays.
    before = os.environ.get(name)
    os.environ[name] = "1"
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _deepdespeckling(module: str) -> Any:
    # It reads files by GDAL.
    unneeded = ("osgeo", "osgeo.gdal")
    return _import(f"deepdespeckling.{module}", "deepdespeckling", unneeded)


def _scaled(denoise: Callable[[np.ndarray], np.ndarray], samples: np.ndarray):
    """Returns the power of what a network makes of samples of a typical amplitude."""
    if min(samples.shape) < PATCH:
        raise ValueError(
            f"{samples.shape=} must be at least {PATCH} x {PATCH}, its network's patch."
        )
    typical = radiometry.geometric_mean(radiometry.power(np.abs(samples)))
    gain = AMPLITUDE / radiometry.amplitude(typical)
    with _quiet():
        clean = denoise(samples * gain)
    return radiometry.power(np.asarray(clean) / gain)


def sar2sar() -> Despeckle:
    """Returns SAR2SAR (Dalsasso et al., JSTARS 2021), made for Sentinel-1."""
    module = _deepdespeckling("sar2sar.sar2sar_denoiser")

    def denoise(amplitude):
        network = module.Sar2SarDenoiser()
        found = network.denoise_image(amplitude.astype(np.float32), PATCH, PATCH - 2)
        return found["denoised"] if isinstance(found, dict) else found

    return _without_gaps(
        lambda power, looks, valid: _scaled(denoise, radiometry.amplitude(power))
    )


def merlin() -> Despeckle:
    """Returns MERLIN (Dalsasso et al., TGRS 2022) with its spotlight weights.

    Of its three sets they had the lowest error on known ground.
    """
    module = _deepdespeckling("merlin.merlin_denoiser")

    def denoise(samples):
        parts = np.stack([samples.real, samples.imag], axis=-1).astype(np.float32)
        network = module.MerlinDenoiser("spotlight", symetrise=True)
        return network.denoise_image(parts, PATCH, PATCH - 2)["denoised"]["full"]

    def despeckle(intensity, looks, slc):
        if slc is None:
            raise ValueError("MERLIN needs complex samples.")
        valid = np.isfinite(intensity)
        clean = _scaled(denoise, np.where(valid, slc, 0))
        return np.where(valid, clean, np.nan).astype(np.float32)

    return despeckle


PACKAGES: dict[str, Callable[[], Despeckle]] = {
    "bm3d": bm3d,
    "mulog": mulog,
    "sar2sar": sar2sar,
    "merlin": merlin,
}
