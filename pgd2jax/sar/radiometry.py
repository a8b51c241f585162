"""The one place where images change scale: power, amplitude, log, decibel, SLC.

Every function takes NumPy or JAX arrays of any shape and returns the same kind.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

NEPER_TO_DECIBEL = 10.0 / math.log(10.0)  # 4.34: log power (natural) to dB.

# Below this the logarithm of a scene of typical power 1 no longer falls: -60 dB
# holds the darkest water under the brightest city and keeps exact zeros finite.
LOG_FLOOR = 1e-6


def _namespace(x):
    return np if isinstance(x, np.ndarray | np.generic | float | int) else jnp


def intensity(slc):
    """Returns |slc|^2 as float32 linear power, without integer overflow."""
    xp = _namespace(slc)
    real = xp.real(slc).astype(xp.float32)
    imag = xp.imag(slc).astype(xp.float32)
    return real * real + imag * imag


def amplitude(power):
    """Returns the amplitude, sqrt of linear power."""
    return _namespace(power).sqrt(power)


def power(amplitude):
    """Returns the linear power of a real amplitude."""
    return amplitude * amplitude


def phase(slc):
    """Returns the phase in radians, (-pi, pi]; 0 where the sample is 0."""
    return _namespace(slc).angle(slc).astype("float32")


def slc(power, phase):
    """Returns the complex64 samples sqrt(power) exp(j phase)."""
    xp = _namespace(power)
    real, imag = amplitude(power) * xp.cos(phase), amplitude(power) * xp.sin(phase)
    if xp is jnp:
        return jax.lax.complex(real, imag)
    return (real + 1j * imag).astype("complex64")


def log_intensity(power, floor=LOG_FLOOR):
    """Returns the natural logarithm of linear power, floored at `floor`."""
    xp = _namespace(power)
    return xp.log(xp.maximum(power, floor))


def intensity_from_log(log_power):
    """Returns linear power from its natural logarithm."""
    return _namespace(log_power).exp(log_power)


def decibel(power, floor=0.0):
    """Returns 10 log10 of linear power, floored first at `floor`."""
    xp = _namespace(power)
    return 10.0 * xp.log10(xp.maximum(power, floor))


def from_decibel(decibel):
    """Returns linear power from decibels."""
    return 10.0 ** (decibel / 10.0)


def amplitude_from_decibel(decibel):
    """Returns the amplitude of a power given in decibels."""
    return 10.0 ** (decibel / 20.0)


def geometric_mean(power):
    """Returns exp of the mean logarithm of the positive pixels; 1 if there are none.

    The typical power of a scene: unlike the mean it does not follow a few bright
    points.

    Args:
        power: Linear power, any shape.
    """
    xp = _namespace(power)
    positive = power > 0
    logs = xp.log(xp.where(positive, power, 1.0))
    mean = logs.sum() / xp.maximum(positive.sum(), 1)
    return xp.exp(mean).astype(power.dtype)
