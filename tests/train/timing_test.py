import math
import time

import flax.linen as nn
import jax
import numpy as np
import pytest

from pgd2jax.train import timing


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
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA RTX A1000", None),
        ("NVIDIA L40", None),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
        ("TPU v5 lite", 197e12),
        ("TPU v5", 459e12),
        ("cpu", None),
    ],
)
def test_peak_is_found_by_the_name_of_the_device(kind, expected):
    assert timing.peak(kind) == expected


def test_operations_are_those_of_the_products(monkeypatch):
    class Network(nn.Module):
        @nn.compact
        def __call__(self, intensity, phase, *_):
            return nn.Dense(64, use_bias=False)(intensity) * phase

    found = timing.forward_flop(Network(), (2, 8, 8, 1))
    assert found == pytest.approx(3 * 2 * 8 * 8 * 64)

    def none(platform):
        raise RuntimeError(f"no {platform}")

    monkeypatch.setattr(jax, "devices", none)
    assert math.isnan(timing.forward_flop(Network(), (2, 8, 8, 1)))


def test_a_rate_that_is_not_known_is_left_out():
    times = timing.Timing(flop=math.nan, dtype="bfloat16")
    times.lap("device")
    assert "time/tflops" not in times.take(1)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_share_of_the_peak_is_told_for_bfloat16(monkeypatch, dtype):
    monkeypatch.setattr(timing, "peak", lambda kind: 1e15)
    times = timing.Timing(flop=1e9, dtype=dtype)
    times.lap("device")
    found = times.take(1)
    if dtype == "float32":  # Of which the makers tell other peaks.
        assert "time/mfu" not in found
    else:
        assert found["time/mfu"] == pytest.approx(found["time/tflops"] * 1e12 / 1e15)
