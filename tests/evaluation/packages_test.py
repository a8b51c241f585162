import contextlib
import sys
import types

import numpy as np
import pytest

from pgd2jax.evaluation import methods, packages


@pytest.fixture
def scene(rng):
    """Returns 256 x 256 pixels of flat ground with a gap, as intensity and SLC."""
    parts = rng.normal(size=(2, 256, 256)) * 10
    slc = (parts[0] + 1j * parts[1]).astype(np.complex64)
    slc[40:50, 40:50] = np.nan
    return np.abs(slc) ** 2, slc


@pytest.mark.parametrize("name", packages.PACKAGES)
def test_a_missing_package_is_told_with_its_mend(name, monkeypatch):
    for module in ("bm3d", "mulog", "deepdespeckling"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(packages.MissingPackageError, match="pip install"):
        methods.check([name])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Of the packages' own.
@pytest.mark.parametrize("name", packages.PACKAGES)
def test_package_smooths_flat_ground_and_keeps_its_level(name, scene):
    try:
        despeckle = packages.PACKAGES[name]()
    except packages.MissingPackageError as error:
        pytest.skip(str(error))
    intensity, slc = scene
    found = despeckle(intensity, 1.0, slc)
    valid = np.isfinite(intensity)
    np.testing.assert_array_equal(np.isfinite(found), valid)
    # Two of them are calibrated to their training's sensor alone: 2 dB.
    before, after = (10 * np.log10(image[valid]) for image in (intensity, found))
    assert abs(np.median(after) - 10 * np.log10(200)) < 2
    assert after.std() < 0.7 * before.std()


@pytest.mark.parametrize("name", ["sar2sar", "mulog"])
def test_stand_ins_for_modules_do_not_stay(name):
    before = set(sys.modules)
    with contextlib.suppress(packages.MissingPackageError):
        packages.PACKAGES[name]()
    later = set(sys.modules) - before
    assert not {"osgeo", "osgeo.gdal", "nptyping"} & later


def test_spectrum_of_white_speckle_is_flat_and_of_smooth_speckle_is_not(rng):
    from scipy import ndimage

    flat = [(slice(r, r + 32), slice(c, c + 32)) for r in (0, 32) for c in (0, 32)]
    white = rng.normal(size=(64, 64))
    found = packages._log_spectrum(white, flat, 1.0)
    assert found.mean() == pytest.approx(white.size, rel=1e-6)
    assert found.max() < 2.5 * found.mean()
    smooth = ndimage.gaussian_filter(white, 1.5)
    found = packages._log_spectrum(smooth, flat, 1.0)
    assert found[0, 0] > 20 * found[32, 32]


def test_slopes_of_the_ground_do_not_pass_for_correlated_speckle(rng):
    flat = [(slice(r, r + 32), slice(c, c + 32)) for r in (0, 32) for c in (0, 32)]
    white = rng.normal(size=(64, 64))
    slopes = white + np.linspace(-3, 3, 64)[:, None] + np.linspace(0, 2, 64) ** 2
    np.testing.assert_allclose(
        packages._log_spectrum(slopes, flat, 1.0),
        packages._log_spectrum(white, flat, 1.0),
    )


def test_gaps_are_no_flat_ground(rng, monkeypatch):
    told = []

    def bm3d(log, spectrum):
        told.append(spectrum)
        return log

    monkeypatch.setitem(sys.modules, "bm3d", types.SimpleNamespace(bm3d=bm3d))
    intensity = rng.exponential(size=(128, 128))
    intensity[:64] = np.nan
    packages.bm3d()(intensity, 1.0, None)
    flatness = told[0] / told[0].mean()
    assert 0.3 < flatness.min() < flatness.max() < 3
