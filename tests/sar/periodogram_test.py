import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.sar import periodogram, radiometry, speckle

SIZE = 192
# A flat band of 0.6 along the rows, a weighted one along the columns.
ROWS, COLS = (
    speckle.response(SIZE, jnp.float32(width), jnp.float32(alpha))
    for width, alpha in ((0.6, 1.0), (0.9, 0.54))
)

FREQUENCY = np.fft.fftfreq(periodogram.SAMPLES)
INSIDE = np.abs(FREQUENCY) < 0.26  # Of both bands, and not at an edge.


def image(ground=1.0, points=0.0):
    """Returns ground of a linear power, [H, W], and points in it, through the band."""
    noise = np.random.default_rng(0).normal(scale=0.5**0.5, size=(2, SIZE, SIZE))
    field = np.sqrt(ground) * (noise[0] + 1j * noise[1]) + points
    spectrum = np.fft.fft2(field) * np.asarray(ROWS)[:, None] * np.asarray(COLS)
    return np.fft.ifft2(spectrum).astype(np.complex64)


def bright():
    """Returns ships, 50 to 60 dB over the sea, beside of the windows and within."""
    points = np.zeros((SIZE, SIZE))
    for place in ((3, 40), (70, 100), (71, 104), (190, 20), (120, 188)):
        points[place] = 1e3
    return points


def stepped():
    """Returns ground of which a half is 25 dB brighter."""
    ground = np.ones((SIZE, SIZE))
    ground[:, SIZE // 2 :] = 10**2.5
    return ground


@pytest.mark.parametrize(
    "slc",
    [image(), image(points=bright()), image(stepped()), image(stepped(), bright())],
    ids=["flat", "ships", "step", "both"],
)
def test_the_band_is_seen_whatever_the_ground(slc):
    level = periodogram.levelled(slc)
    for found, axis in (
        (periodogram.density(level), ROWS),
        (periodogram.density(level.T), COLS),
    ):
        true = radiometry.power(np.asarray(axis))
        shown = np.interp(FREQUENCY, np.fft.fftfreq(SIZE), true, period=1)
        np.testing.assert_allclose(found[INSIDE], shown[INSIDE], rtol=0.3)
        assert found.mean() == pytest.approx(1, rel=1e-5)
    # Out of the flat band there is as good as nothing.
    away = np.abs(FREQUENCY) > 0.34
    found = periodogram.density(level)
    assert found[away].max() < 0.02 * found.max()


def test_levelled_samples_have_the_same_power_everywhere():
    power = radiometry.intensity(periodogram.levelled(image(stepped())))
    for half in (power[:, : SIZE // 2 - 20], power[:, SIZE // 2 + 20 :]):
        assert half.mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("size", [64, 95, 160])
def test_a_window_ends_at_every_border(size):
    slc = image()[:size].copy()
    slc[: size - 20] = 0
    found = periodogram.density(slc)
    assert np.abs(found - 1).max() > 0.5
    np.testing.assert_allclose(periodogram.density(0 * slc), 1, rtol=1e-6)


def test_the_device_sees_what_the_host_sees():
    slc = image(stepped(), bright())
    host = periodogram.levelled(slc)
    device = periodogram.levelled(jnp.asarray(slc))
    np.testing.assert_allclose(device, host, atol=1e-5 * np.abs(host).max())
    ours, theirs = map(periodogram.density, (host, device))
    np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_gaps_and_scales_do_not_matter(scale):
    slc = image()
    clean = periodogram.density(periodogram.levelled(slc))
    slc[:, :96] = 0
    level = periodogram.levelled(np.complex64(scale) * slc)
    assert not level[:, :80].any()
    assert np.isfinite(level).all()
    found = periodogram.density(level)
    np.testing.assert_allclose(found[INSIDE], clean[INSIDE], rtol=0.3)
