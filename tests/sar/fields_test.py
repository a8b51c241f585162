import jax
import numpy as np
import pytest

from pgd2jax.sar import fields


@pytest.mark.parametrize("exponent", [2.0, 4.0])
def test_power_falls_with_frequency_to_the_exponent(exponent):
    images = fields.power_law(jax.random.key(0), (256, 256), exponent)
    np.testing.assert_allclose(np.std(images, axis=(1, 2)), 1, rtol=1e-4)
    power = (np.abs(np.fft.fft2(images)) ** 2).mean(axis=0)
    row, col = np.meshgrid(*2 * [np.fft.fftfreq(256)], indexing="ij")
    frequency = np.hypot(row, col)
    rings = [(frequency >= f) & (frequency < 1.5 * f) for f in (0.02, 0.2)]
    low, high = (np.log(power[ring]).mean() for ring in rings)
    apart = np.log(frequency[rings[1]]).mean() - np.log(frequency[rings[0]]).mean()
    assert (low - high) / apart == pytest.approx(exponent, abs=0.1)
