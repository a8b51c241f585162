import numpy as np
import pytest

from pgd2jax.sar import radiometry
from tfds_sar.sar_despeckle.near_real import units
from tfds_sar.sar_despeckle.near_real.archive import ArchiveError

FLOAT = frozenset({"float32"})


@pytest.fixture(scope="module", params=[1, 4])
def sample(request):
    """Returns (speckled, reference) power of fields under white speckle."""
    rng, looks = np.random.default_rng(0), request.param
    levels = np.kron(rng.uniform(-15, 0, (16, 16)), np.ones((16, 16)))
    reference = radiometry.from_decibel(levels)
    speckle = rng.gamma(looks, 1 / looks, (4, 256, 256))
    residual = rng.gamma(40, 1 / 40, (4, 256, 256))
    return list(zip(speckle * reference, residual * reference, strict=True))


STORES = {
    "intensity": lambda power: 1e4 * power,
    "amplitude": lambda power: 30 * radiometry.amplitude(power),
    "decibel": lambda power: radiometry.decibel(power, floor=1e-9),
    "decibel over 0": lambda power: 80 + radiometry.decibel(power, floor=1e-8),
}


def span(images, types=FLOAT):
    low, high = min(i.min() for i in images), max(i.max() for i in images)
    return units.Span(float(low), float(high), types)


@pytest.mark.parametrize("reference", STORES)
@pytest.mark.parametrize("intensity", STORES)
def test_units_are_told_from_speckle_whatever_the_scale(sample, intensity, reference):
    stored = [(STORES[intensity](i), STORES[reference](r)) for i, r in sample]
    found = units.guess_intensity(span([i for i, _ in stored]), stored)
    assert found.name == intensity.split()[0]
    powers = [(units.to_power(i, found.name), r) for i, r in stored]
    found = units.guess_reference(span([r for _, r in stored]), powers)
    assert found.name == reference.split()[0]


def test_images_of_8_bit_are_stretched_amplitudes(sample):
    eight = frozenset({"uint8"})
    stored = [
        (np.minimum(np.round(100 * radiometry.amplitude(i)), 255), r) for i, r in sample
    ]
    assert units.guess_intensity(span([i for i, _ in stored], eight), stored).name == (
        "amplitude"
    )
    assert units.guess_reference(units.Span(0, 255, eight), stored).name == "amplitude"


def test_images_without_speckle_need_a_unit():
    even = np.random.default_rng(0).uniform(10, 11, (256, 256))
    with pytest.raises(ArchiveError, match=r"no speckle.*give --intensity_units"):
        units.guess_intensity(span([even]), [(even, even)])


@pytest.mark.parametrize(
    ("low", "high", "dtype", "unit"),
    [
        (-np.pi, np.pi, "float32", "radians"),
        (0, 2 * np.pi, "float32", "radians"),
        (-180, 180, "float32", "degrees"),
        (0, 359, "int16", "degrees"),
        (0, 255, "uint8", "scaled"),
        (0, 65535, "uint16", "scaled"),
        (-32768, 32767, "int16", "scaled"),
    ],
)
def test_phase_in_any_unit_comes_as_radians(low, high, dtype, unit):
    found = units.Span(low, high, frozenset({dtype}))
    assert units.guess_phase(found).name == unit
    turn = {"radians": 2 * np.pi, "degrees": 360, "scaled": high - low + 1}[unit]
    stored = np.linspace(low, high, 7)
    radians = units.to_radians(stored, unit, found)
    assert radians.dtype == np.float32
    assert np.abs(radians).max() <= np.pi
    np.testing.assert_allclose(
        np.exp(1j * radians), np.exp(2j * np.pi * stored / turn), atol=1e-4
    )


def test_phase_of_floats_may_be_scaled_to_another_turn():
    stored = np.array([-1, 0, 0.5], np.float32)
    span = units.Span(-1, 1, frozenset({"float32"}))
    radians = units.to_radians(stored, "scaled", span)
    np.testing.assert_allclose(np.abs(radians), [np.pi, 0, np.pi / 2], atol=1e-6)
    with pytest.raises(ArchiveError, match="all phases are 0"):
        units.to_radians(stored, "scaled", units.Span(0, 0, span.types))


@pytest.mark.parametrize(
    ("low", "high"),
    [(-50.0, 80.0), (0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (-1.57, 1.57), (0.0, 0.0)],
)
def test_phase_of_no_known_unit_is_refused(low, high):
    with pytest.raises(ArchiveError, match="give --phase_units"):
        units.guess_phase(units.Span(low, high, FLOAT))


def test_conversions_round_trip():
    power = np.array([1e-3, 1.0, 200.0], np.float32)
    stored = [power, radiometry.amplitude(power), radiometry.decibel(power)]
    for unit, image in zip(units.POWER_UNITS, stored, strict=True):
        np.testing.assert_allclose(units.to_power(image, unit), power, rtol=1e-5)
