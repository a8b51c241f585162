"""Fully developed speckle behind a SAR transfer function.

An SLC sample is z = h * (sqrt(R) w + p): R is the reflectivity, w white circular
complex Gaussian noise, p deterministic point scatterers and h the impulse response
of sensor and processor. The endless temporal multilook of |z|^2 is the reference,
E|z|^2 = |h|^2 * R + |h * p|^2 (Goodman, "Speckle phenomena in optics", 2007).

All functions are written for one scene; use `jax.vmap` over keys for batches.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from pgd2jax.sar import fields, periodogram, radiometry, whitening

# Pixels to generate beyond each border, since the spectral products below are
# circular. At this distance side lobes are under -26 dB (flat band of 0.4) to -44 dB
# (Hamming); intensity and reference wrap alike.
MARGIN = 16


class Points(NamedTuple):
    """Deterministic scatterers; absent ones have amplitude 0.

    Attributes:
        row, col: Sub-pixel positions, [N] float32, pixels.
        amplitude: Complex amplitude of the focused peak, [N] complex64.
    """

    row: jax.Array
    col: jax.Array
    amplitude: jax.Array


class Transfer(NamedTuple):
    """What sensor and processor do to the scene.

    Attributes:
        rows, cols: Real spectral response along each axis, [H] and [W] float32, in
            FFT order, each of mean power 1. Their product is the response.
        centroid: Doppler and range centroid, [2] float32, cycles per pixel.
        drift: TOPS azimuth ramp, float32, cycles per pixel and line.
    """

    rows: jax.Array
    cols: jax.Array
    centroid: jax.Array
    drift: jax.Array


class Observation(NamedTuple):
    """One simulated measurement and its exact expectation.

    Attributes:
        intensity: Mean |z|^2 over the looks, [H, W] float32 linear power.
        phase: Phase of the look, radians, [H, W] float32; zeros for several looks.
        reference: E|z|^2, [H, W] float32 linear power.
        looks: Equivalent number of looks, float32.
        white: Whether the samples are uncorrelated, bool.
        whitener: Makes the samples of one look independent.
    """

    intensity: jax.Array
    phase: jax.Array
    reference: jax.Array
    looks: jax.Array
    white: jax.Array
    whitener: whitening.Whitener


def response(size: int, bandwidth: jax.Array, alpha: jax.Array) -> jax.Array:
    """Returns a generalised Hamming band, [size], in FFT order, of mean power 1.

    Args:
        size: Samples of the axis.
        bandwidth: Occupied part of the sampling rate, (0, 1].
        alpha: 1 for a flat band, 0.54 for Hamming, as in most processors.
    """
    frequency = jnp.fft.fftfreq(size)
    window = alpha + (1 - alpha) * jnp.cos(2 * jnp.pi * frequency / bandwidth)
    band = jnp.where(jnp.abs(frequency) <= bandwidth / 2, window, 0.0)
    return band / jnp.sqrt(jnp.mean(band**2))


def draw_transfer(
    key: jax.Array, shape: tuple[int, int], white: jax.Array | bool
) -> Transfer:
    """Draws a transfer function: bandwidth, weighting, centroid and TOPS drift.

    Args:
        key: PRNG key.
        shape: (rows, cols) of the grid that it works on.
        white: True for a full, flat band: neighbouring samples are independent.
    """
    draws = fields.uniform(
        key,
        (0.4, 1.0),
        (0.4, 1.0),
        (0.5, 1.0),
        (0.5, 1.0),
        (-0.5, 0.5),
        (-0.5, 0.5),
        # Sentinel-1 IW drifts by 1.6 to 1.9 sampling rates in 256 lines, EW by 3.6 to
        # 4.5; half of the scenes do not drift.
        (-5.0 / 256, 5.0 / 256),
        (-1.0, 1.0),
    )
    bandwidth, alpha = (
        jnp.where(white, 1.0, draws[:2]),
        jnp.where(white, 1.0, draws[2:4]),
    )
    return Transfer(
        rows=response(shape[0], bandwidth[0], alpha[0]),
        cols=response(shape[1], bandwidth[1], alpha[1]),
        centroid=draws[4:6],
        drift=jnp.where(draws[7] > 0, draws[6], 0.0),
    )


def _filter(field: jax.Array, transfer: Transfer) -> jax.Array:
    spectrum = jnp.fft.fft2(field) * transfer.rows[:, None] * transfer.cols
    return jnp.fft.ifft2(spectrum)


def focus(points: Points, transfer: Transfer) -> jax.Array:
    """Returns h * p, [H, W] complex64, for sub-pixel positions."""

    def axis(position, band):
        frequency = jnp.fft.fftfreq(band.shape[0])
        ramp = jnp.exp(-2j * jnp.pi * frequency * position[:, None])
        return jnp.fft.ifft(ramp * (band / jnp.mean(band)), axis=1)

    rows = axis(points.row, transfer.rows) * points.amplitude[:, None]
    cols = axis(points.col, transfer.cols)
    return jnp.einsum("nh,nw->hw", rows, cols, precision="highest")


def refocus(points: jax.Array, transfer: Transfer) -> jax.Array:
    """Returns h * p, [H, W] complex64, for an image of complex peak amplitudes."""
    peak = jnp.mean(transfer.rows) * jnp.mean(transfer.cols)
    return _filter(points, transfer) / peak


def _expectation(reflectivity: jax.Array, transfer: Transfer) -> jax.Array:
    """Returns |h|^2 * R, the mean intensity without points, [H, W]."""
    kernel_rows = jnp.fft.fft(radiometry.intensity(jnp.fft.ifft(transfer.rows)))
    kernel_cols = jnp.fft.fft(radiometry.intensity(jnp.fft.ifft(transfer.cols)))
    spectrum = jnp.fft.fft2(reflectivity) * kernel_rows[:, None] * kernel_cols
    blurred = jnp.fft.ifft2(spectrum).real
    # FFT rounding may undercut the darkest pixel by 1e-6 of the brightest.
    return jnp.maximum(blurred, reflectivity.min())


def _phasors(size: int, linear: jax.Array, square: jax.Array | float) -> jax.Array:
    """Returns exp(2 pi i (linear n + square n^2)) for n < `size`, complex64.

    In whole units of 2^-32 cycles, which wrap around: float32 would have lost the phase
    after some thousand lines of TOPS.
    """

    def units(cycles):
        part = cycles - jnp.round(cycles)  # Whole cycles a pixel are none.
        return 2 * jnp.round(part * 2.0**31).astype(jnp.int32).astype(jnp.uint32)

    place = jnp.arange(size, dtype=jnp.uint32)
    total = units(linear) * place + units(square) * place**2
    cycles = total.astype(jnp.int32) / 2.0**32
    return jnp.exp(2j * jnp.pi * cycles)


def modulation(
    shape: tuple[int, int], centroid: jax.Array, drift: jax.Array | float
) -> jax.Array:
    """Returns what moves a spectrum to its centroid, [H, W] complex64.

    Args:
        shape: (rows, cols).
        centroid: As of a `Transfer`.
        drift: As of a `Transfer`.
    """
    rows = _phasors(shape[0], centroid[0], 0.5 * drift)
    return rows[:, None] * _phasors(shape[1], centroid[1], 0.0)


def _last_weight(looks: jax.Array) -> jax.Array:
    """Returns the weight f of the last look, where all others weigh 1.

    The equivalent number of looks of m whole ones and it is (m + f)^2 / (m + f^2).
    """
    whole = jnp.ceil(looks) - 1
    excess = looks - 1
    root = jnp.sqrt(whole * (whole - excess * (looks - whole)))
    return jnp.where(excess > 0, (whole - root) / jnp.where(excess > 0, excess, 1), 1.0)


def observe(
    key: jax.Array,
    reflectivity: jax.Array,
    focused: jax.Array,
    transfer: Transfer,
    looks: jax.Array | float = 1,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Draws one measurement of a scene.

    Args:
        key: PRNG key of the speckle.
        reflectivity: R, [H, W] float32 linear power, positive.
        focused: h * p, what `focus` or `refocus` make of the point scatterers, [H, W]
            complex64.
        transfer: From `draw_transfer` with the shape of `reflectivity`.
        looks: Equivalent number of looks, at least 1. Between whole numbers the last
            of the independent looks weighs less.

    Returns:
        Intensity, phase (zeros for several looks) and reference, [H, W] float32
        each. The outer `MARGIN` pixels wrap around and are to be cut off.
    """
    shape = reflectivity.shape
    amplitude = radiometry.amplitude(reflectivity)

    def look(index):
        noise = jax.random.normal(
            jax.random.fold_in(key, index), (2, *shape), dtype=jnp.float32
        )
        white = jax.lax.complex(noise[0], noise[1]) * jnp.sqrt(0.5)
        return _filter(amplitude * white, transfer) + focused

    looks = jnp.asarray(looks, jnp.float32)
    count = jnp.ceil(looks).astype(jnp.int32)
    last = _last_weight(looks)

    def add(index, total):
        weight = jnp.where(index == count - 1, last, 1.0)
        return total + weight * radiometry.intensity(look(index))

    first = look(0)
    total = jax.lax.fori_loop(1, count, add, radiometry.intensity(first))
    slc = first * modulation(shape, transfer.centroid, transfer.drift)
    phase = jnp.where(looks == 1, radiometry.phase(slc), 0.0)
    reference = _expectation(reflectivity, transfer) + radiometry.intensity(focused)
    return total / (count - 1 + last), phase, reference


def _whitener(power, phase, transfer: Transfer) -> whitening.Whitener:
    """Returns what makes samples independent, as far as they tell.

    The centroid is told: `spectrum.whitener` finds it well enough.
    """
    if min(power.shape) < periodogram.SAMPLES:
        return whitening.nothing()
    moved = modulation(power.shape, transfer.centroid, transfer.drift)
    slc = periodogram.levelled(radiometry.slc(power, phase) * jnp.conj(moved))
    away = jnp.stack([transfer.drift * len(power) / 2, jnp.zeros(())])
    return whitening.Whitener(
        taps=jnp.stack(
            [whitening.filters(periodogram.density(axis)) for axis in (slc, slc.T)]
        ),
        centroid=transfer.centroid + away,  # In the middle.
        moves=jnp.abs(away) > whitening.MOVES,
    )


def observed(
    images: tuple[jax.Array, jax.Array, jax.Array],
    transfer: Transfer,
    looks: jax.Array | float = 1,
) -> Observation:
    """Returns what `observe` draws, without its margin, as an `Observation`.

    Args:
        images: Intensity, phase and reference.
        transfer: That they passed.
        looks: Equivalent number of looks.
    """
    intensity, phase, _ = images
    return Observation(
        *map(crop, images),
        looks=jnp.asarray(looks, jnp.float32),
        white=jnp.asarray(False),
        whitener=_whitener(intensity, phase, transfer),
    )


def crop(image: jax.Array) -> jax.Array:
    """Cuts `MARGIN` off each border of the last two axes."""
    return image[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
