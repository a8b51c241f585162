"""Where the time of a step goes, and how much of the device it uses."""

import math
import re
import time

import jax
import numpy as np

from pgd2jax.sar import whitening

# Dense bfloat16 products, FLOP/s, from the makers' data sheets; by a part of the
# device's name.
PEAKS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L4": 121e12,
    "TPU v6 lite": 918e12,
    "TPU v5 lite": 197e12,
    "TPU v5": 459e12,
    "TPU v4": 275e12,
}


def peak(device_kind: str) -> float | None:
    """Returns the FLOP/s a device can do in bfloat16, or None if it is not known."""
    found = (
        flop for name, flop in PEAKS.items() if re.search(rf"\b{name}\b", device_kind)
    )
    return next(found, None)


def forward_flop(model, shape: tuple[int, int, int, int]) -> float:
    """Returns the floating point operations of a network, NaN if JAX has no CPU.

    As XLA counts them for a CPU before it optimises: for other devices it counts none,
    or leaves out what libraries do.

    Args:
        model: Takes what PGD2Net takes.
        shape: Of each, [B, H, W, 1].
    """
    try:
        cpu = jax.sharding.SingleDeviceSharding(jax.devices("cpu")[0])
    except RuntimeError:  # JAX_PLATFORMS leaves it out.
        return math.nan
    image = jax.ShapeDtypeStruct(shape, "float32", sharding=cpu)
    params = jax.eval_shape(model.init, jax.random.key(0), image, image)
    known = jax.tree.map(lambda x: np.stack([x] * shape[0]), whitening.nothing())
    given = image, image, None, None, None, known
    analysis = jax.jit(model.apply).lower(params, *given).cost_analysis()
    return float(analysis["flops"])


PARTS = ("data", "device", "logging")


class Timing:
    """Splits the host's time since the last `take` into parts, one after the other."""

    def __init__(self, flop: float, dtype: str):
        """Takes the floating point operations of a device's step and their dtype."""
        self._flop = flop
        kind = jax.devices()[0].device_kind
        self._peak = peak(kind) if dtype == "bfloat16" else None
        self._parts = dict.fromkeys(PARTS, 0.0)
        self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        """Counts the time since the last lap to one of `PARTS`."""
        now = time.perf_counter()
        self._parts[part] += now - self._last
        self._last = now

    def take(self, steps: int) -> dict[str, float]:
        """Returns milliseconds a step of each part, and the rate, and starts anew.

        Args:
            steps: Steps since the last time.

        Returns:
            "time/step", "time/data", "time/logging" and "time/device", ms;
            "time/tflops" of a device, where they are known; "time/mfu", the part of
            what it can do, where that is known, too.
        """
        total = sum(self._parts.values())
        parts = self._parts | {"step": total}
        found = {f"time/{n}": 1e3 * part / steps for n, part in parts.items()}
        rate = self._flop * steps / total
        if math.isfinite(rate):
            found["time/tflops"] = rate / 1e12
            if self._peak:
                found["time/mfu"] = rate / self._peak
        self._parts = dict.fromkeys(PARTS, 0.0)
        return found
