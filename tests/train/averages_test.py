import numpy as np

from pgd2jax.train import averages


def test_averages_weigh_every_value_alike():
    means = averages.Averages()
    means.add({"a": np.array([1.0, 2.0])})
    means.add({"a": 6.0})
    assert means.take() == {"a": 3.0}
    assert means.take() == {}
