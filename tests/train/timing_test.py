import time

import jax.numpy as jnp
import numpy as np
import pytest

from pgd2jax.train import state, steps, timing


def test_parts_of_a_step_add_up():
    times = timing.Timing(flop=1e9, dtype="float32")
    for part, seconds in (("data", 0.02), ("device", 0.03), ("logging", 0.01)):
        time.sleep(seconds)
        times.lap(part)
    time.sleep(0.02)
    times.lap("data")
    found = times.take(steps=2)
    parts = [found[f"time/{name}"] for name in timing.PARTS]
    assert sum(parts) == pytest.approx(found["time/step"])
    assert np.all(parts >= np.array([20, 15, 5]))
    assert found["time/tflops"] == pytest.approx(1e-3 / (found["time/step"] / 1e3))
    assert "time/mfu" not in found  # Nobody says what this CPU can do.
    times.lap("device")
    assert times.take(1)["time/data"] == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
        ("TPU v5 lite", 197e12),
        ("TPU v5p", 459e12),
        ("cpu", None),
    ],
)
def test_peak_is_found_by_the_name_of_the_device(kind, expected):
    assert timing.peak(kind) == expected


@pytest.mark.parametrize("accumulate", [1, 2])
def test_operations_of_a_step_are_those_of_its_product(accumulate):
    size, examples = 64, 4
    tx = state.optimiser(
        10, muon=False, learning_rate=1.0, warmup_steps=0, weight_decay=0.0, clip=1.0
    )
    params = {"w": jnp.ones((size, size))}
    zero = jnp.zeros((), jnp.int32)
    now = state.State(zero, params, params, tx.init(params), zero, zero)

    def objective(params, batch):
        return (batch @ params["w"] @ params["w"]).sum(axis=-1), {}

    step = steps.train_step(objective, tx, 0.9, accumulate)
    batch = np.ones((8, examples, size), np.float32)
    flop = timing.compiled_flop(step, now, batch, accumulate=accumulate)
    # Two products forwards and, at most, four backwards; the optimiser besides.
    product = 2 * examples * size * size
    assert 3 * product < flop < 6 * product + 100 * size * size
