import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.sar import halves, speckle, spectrum

SIZE = 256
BAND = ((0.7, 0.5), (0.75, 0.6))  # Of rows and columns: width and weighting.


def image(centroid=(0.0, 0.0), drift=0.0, seed=0):
    """Returns speckle of a flat ground and the transfer function it passed."""
    rows, cols = (
        speckle.response(SIZE, jnp.float32(band), jnp.float32(alpha))
        for band, alpha in zip(*BAND, strict=True)
    )
    transfer = speckle.Transfer(rows, cols, jnp.array(centroid), jnp.float32(drift))
    noise = np.random.default_rng(seed).normal(size=(2, SIZE, SIZE))
    response = np.asarray(rows)[:, None] * np.asarray(cols)
    focused = np.fft.ifft2(np.fft.fft2(noise[0] + 1j * noise[1]) * response)
    moved = np.asarray(speckle.modulation((SIZE, SIZE), transfer.centroid, drift))
    return (focused * moved).astype(np.complex64), transfer


@pytest.mark.parametrize(
    ("centroid", "drift"),
    [((0, 0), 0), ((0.4, -0.2), 0), ((-0.1, 0.3), 1.8 / SIZE), ((0, 0), 4.5 / SIZE)],
)
def test_centroid_drift_and_band_are_found(centroid, drift):
    slc, transfer = image(centroid, drift)
    found = spectrum.estimate(slc)
    # Whole cycles are all the same.
    off = (found.centroid - centroid + 0.5) % 1 - 0.5
    assert np.abs(off).max() < 0.01
    assert np.abs(off[0]) < 0.003  # A line too far is half a drift.
    assert found.drift == pytest.approx(drift, abs=2e-4)
    assert spectrum.asymmetry(found) < spectrum.MOST_ASYMMETRY
    made = spectrum.transfer(found, slc.shape)
    for ours, theirs in ((made.rows, transfer.rows), (made.cols, transfer.cols)):
        assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.15
        assert np.mean(np.square(ours)) == pytest.approx(1, rel=1e-5)


def test_white_samples_have_no_centre():
    noise = np.random.default_rng(0).normal(size=(2, SIZE, SIZE))
    found = spectrum.estimate((noise[0] + 1j * noise[1]).astype(np.complex64))
    assert found.drift == 0
    np.testing.assert_array_equal(found.centroid, 0)
    np.testing.assert_allclose(found.rows, 1, atol=0.15)


def test_one_bright_point_is_not_the_spectrum():
    slc, transfer = image()
    slc[100, 100] += 1e4
    made = spectrum.transfer(spectrum.estimate(slc), slc.shape)
    assert np.sqrt(np.mean((made.rows - transfer.rows) ** 2)) < 0.15


@pytest.mark.parametrize("shape", [(32, 256), (256, 256), (256,)])
def test_too_little_to_estimate_from_is_refused(shape):
    with pytest.raises(ValueError, match="at least 64 x 64, not all zeros"):
        spectrum.estimate(np.zeros(shape, np.complex64))


def test_halves_are_independent_and_of_the_intensity():
    slc, _ = image((0.4, -0.2), 1.8 / SIZE)
    real, imaginary = halves.of(slc)
    assert real.dtype == imaginary.dtype == np.float32
    power = np.abs(slc) ** 2
    np.testing.assert_allclose((real + imaginary) / 2, power, rtol=1e-3, atol=1e-4)
    # Neighbours too: the product of all samples at all small shifts.
    for shift in range(3):
        ours, theirs = real[shift:], imaginary[: len(slc) - shift]
        assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) < 0.03
    level = np.log(real).mean() + np.log(halves.LOG_MEAN)
    assert level == pytest.approx(np.log(power.mean()), abs=0.05)


def test_halves_of_a_lopsided_spectrum_are_refused():
    slc, _ = image()
    lopsided = np.fft.fft2(slc)
    lopsided[: SIZE // 4] *= 3
    with pytest.raises(ValueError, match=r"not symmetric.*data\.source=slc"):
        halves.of(np.fft.ifft2(lopsided).astype(np.complex64))


@pytest.mark.parametrize("fill", [np.nan, 1e20])
def test_halves_keep_gaps(fill):
    slc, _ = image((0.3, -0.2))
    whole = halves.of(slc)
    slc[10, 20] = fill
    with np.errstate(over="ignore"):  # The square of 1e20 is no float32.
        found = halves.of(slc)
    for half, clean in zip(found, whole, strict=True):
        away = np.s_[40:, 60:]
        np.testing.assert_allclose(half[away], clean[away], atol=0.2 * clean.max())
        assert (half < 1e30).sum() == half.size - 1


def test_speckle_with_the_estimate_looks_like_the_original():
    slc, _ = image((0.2, 0.1))
    made = spectrum.transfer(spectrum.estimate(slc), slc.shape)
    ones = jnp.ones(slc.shape)
    power, phase, _ = speckle.observe(jax.random.key(0), ones, 0 * ones, made)
    again = spectrum.estimate(np.sqrt(power) * np.exp(1j * np.asarray(phase)))
    first = spectrum.estimate(slc)
    np.testing.assert_allclose(again.centroid, first.centroid, atol=0.01)
    assert np.sqrt(np.mean((again.rows - first.rows) ** 2)) < 0.15
