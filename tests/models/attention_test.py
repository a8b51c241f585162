import jax
import numpy as np
import pytest

from pgd2jax.models import attention


@pytest.fixture
def asked():
    """Returns the answer of an attention for a scale of its keys and of its scores."""
    layer = attention.CrossAttention(features=4, heads=1, window=4)
    x, guide = jax.random.normal(jax.random.key(0), (2, 1, 4, 4, 4))
    params = layer.init(jax.random.key(1), x, guide)["params"]
    kernel, bias = params["key"]["kernel"], 0 * params["key"]["bias"]

    def answer(keys, log_scale):
        changed = params | {
            "key": {"kernel": keys * kernel, "bias": bias},
            "log_scale": np.full(1, log_scale, np.float32),
        }
        return layer.apply({"params": changed}, x, guide)

    return answer


def test_keys_count_by_their_direction(asked):
    np.testing.assert_allclose(asked(1, 1.5), asked(10, 1.5), atol=1e-3)


def test_scale_of_the_scores_is_learnt(asked):
    assert np.abs(asked(1, 1.5) - asked(1, 4.0)).max() > 1e-3
