import numpy as np

from pgd2jax.data import pairs
from pgd2jax.evaluation import cases


def test_pairs_are_scenes_with_phase_where_they_have_one(rng):
    intensity, reference = rng.exponential(size=(2, 2, 8, 9, 1))
    phase = rng.uniform(-3, 3, size=intensity.shape)
    has_phase, looks = np.array([True, False]), np.array([1, 3])
    drawn = pairs.Pair(intensity, phase, reference, has_phase, looks, None)
    found = cases.of_pairs(drawn, "two")
    slc, detected = found.scenes
    assert (found.title, found.count) == ("two", 2)
    np.testing.assert_allclose(np.abs(slc.slc) ** 2, intensity[0, ..., 0], rtol=1e-4)
    np.testing.assert_allclose(np.angle(slc.slc), phase[0, ..., 0], atol=1e-3)
    assert detected.slc is None
    for number, case in enumerate((slc, detected)):
        assert case.looks == looks[number]
        np.testing.assert_array_equal(case.reference, reference[number, ..., 0])
    assert (slc.group, detected.group) == ("single-look complex", "intensity")
