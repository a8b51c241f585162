import jax
import numpy as np

from pgd2jax.evaluation import canonical
from pgd2jax.sar import canonical as grounds


def test_draws_of_a_scene_differ():
    scenes = canonical.cases(2).scenes
    first, second = next(scenes), next(scenes)
    assert first.group == second.group
    assert not np.array_equal(first.intensity, second.intensity)


def test_smoothed_terrain_varies_too_little():
    (case,) = (c for c in canonical.cases(1).scenes if c.group == "terrain")
    flat = np.full_like(case.reference, case.reference.mean())
    assert case.measures(flat, case.reference)["variation_error"] < -0.05


def test_scenes_are_the_same_in_projects_of_double_precision():
    plain = grounds.observe("corner", 3)
    with jax.enable_x64(True):
        double = grounds.observe("corner", 3)
    np.testing.assert_array_equal(double.intensity, plain.intensity)
