import pytest

from pgd2jax import infer


@pytest.fixture(scope="session")
def far(network):
    """A despeckler whose output depends on all pixels within its reach."""
    return infer.Despeckler(*network, config={})
