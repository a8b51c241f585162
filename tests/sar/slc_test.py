import jax
import numpy as np
import pytest

from pgd2jax.sar import radiometry, scenes, slc

TILES = 6


def observed(looks=1, white=False):
    draw = jax.jit(scenes.observe, static_argnums=1)
    for index in range(TILES):
        yield jax.device_get(draw(jax.random.key(index), 256, white, looks))


@pytest.fixture(scope="module")
def pairs():
    return [(one.intensity, one.phase) for one in observed()]


def reasons(pairs):
    return [slc.why_not_slc(intensity, phase) for intensity, phase in pairs]


def test_single_look_with_any_drift_is_an_slc(pairs):
    assert reasons(pairs) == [""] * TILES


def test_band_and_drift_of_tops_are_known_in_closed_form():
    # White noise through an ideal band of half the sampling rate, two rates of drift.
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 256, 256))
    spectrum = np.fft.fft2(noise[0] + 1j * noise[1])
    spectrum[np.abs(np.fft.fftfreq(256)) > 0.25] = 0
    line = np.arange(256)[:, None]
    image = np.fft.ifft2(spectrum) * np.exp(1j * np.pi * 2 / 256 * line * line)
    assert slc.spectral_floor(image) < 0.01
    assert slc.spectral_floor(image.T) > 0.9  # White along rows: no weighting.
    assert slc.why_not_slc(radiometry.intensity(image), np.angle(image)) == ""


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_looks_are_those_of_gamma_speckle(looks):
    flat = np.random.default_rng(0).gamma(looks, 1 / looks, size=(256, 256))
    assert slc.looks(flat) == pytest.approx(looks, rel=0.15)  # An upper quartile.


def test_white_samples_show_no_band():
    white = [(one.intensity, one.phase) for one in observed(white=True)]
    assert all("no band" in reason for reason in reasons(white))


def test_shuffled_phase_shows_no_band(pairs, rng):
    shuffled = [(i, rng.permuted(p.ravel()).reshape(p.shape)) for i, p in pairs]
    assert all("no band" in reason for reason in reasons(shuffled))


def test_phase_of_another_date_is_refused(pairs):
    others = [(pairs[index - 1][0], phase) for index, (_, phase) in enumerate(pairs)]
    assert all("another image" in reason for reason in reasons(others))


def test_multilooked_intensity_is_refused(pairs):
    multilooked = [
        (one.intensity, phase)
        for one, (_, phase) in zip(observed(looks=4), pairs, strict=True)
    ]
    assert all("several looks" in reason for reason in reasons(multilooked))


def test_constant_images_are_refused():
    ones = np.ones((256, 256), np.float32)
    assert "several looks" in slc.why_not_slc(ones, ones)
    with pytest.raises(ValueError, match="must be equal"):
        slc.why_not_slc(ones, ones[:31])


@pytest.mark.parametrize(
    "folder",
    [
        "s1_iw_slc_coast_west",
        "envisat_asar_slc",
        "afrl_gotcha_slc",
        "uavsar_winnipeg_slc",
    ],
)
def test_real_slc_passes_and_its_multilook_does_not(real_data, folder, rng):
    (path,) = (real_data / folder).glob("*.npz")
    image = np.load(path)["slc"][:256, :256]
    intensity, phase = radiometry.intensity(image), radiometry.phase(image)
    assert slc.why_not_slc(intensity, phase) == ""
    shuffled = rng.permuted(phase.ravel()).reshape(phase.shape)
    assert "no band" in slc.why_not_slc(intensity, shuffled)
    across = [np.roll(intensity, shift, axis=1) for shift in range(5)]
    multilooked = sum(across + [np.roll(image, 1, axis=0) for image in across]) / 10
    assert "several looks" in slc.why_not_slc(multilooked, phase)
