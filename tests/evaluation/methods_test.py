import numpy as np

from pgd2jax.evaluation import cases, methods


def test_network_is_told_the_looks_and_given_the_phase_unless_kept_back():
    calls = []

    def network(*slc, looks=None, **intensity):
        calls.append((len(slc), looks))

    power = np.ones((4, 4), np.float32)
    slc = cases.Case("a", "a", power, power.astype(np.complex64), None, 1.0)
    detected = cases.Case("b", "b", power, None, None, 4.4)
    made = methods.create(["pgd2net", "pgd2net_no_phase"], network)
    for name, case in (
        ("pgd2net", slc),
        ("pgd2net_no_phase", slc),
        ("pgd2net", detected),
    ):
        made[name](case)
    assert calls == [(1, None), (0, 1.0), (0, 4.4)]


def test_filters_are_told_the_looks(rng):
    power = rng.gamma(4, 1 / 4, (32, 32)).astype(np.float32)
    lee = methods.create(["lee"])["lee"]
    one, four = (lee(cases.Case("a", "a", power, None, None, n)) for n in (1.0, 4.0))
    # Of four looks all variation is speckle; of one look, less than there must be.
    assert np.abs(one - four).max() > 1e-3
