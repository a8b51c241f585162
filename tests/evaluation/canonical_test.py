import numpy as np

from pgd2jax.evaluation import canonical


def test_draws_of_a_scene_differ():
    scenes = canonical.cases(2).scenes
    first, second = next(scenes), next(scenes)
    assert first.group == second.group
    assert not np.array_equal(first.intensity, second.intensity)


def test_smoothed_terrain_varies_too_little():
    (case,) = (c for c in canonical.cases(1).scenes if c.group == "terrain")
    flat = np.full_like(case.reference, case.reference.mean())
    assert case.measures(flat, case.reference)["variation_error"] < -0.05
