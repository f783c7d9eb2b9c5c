"""What a layer takes on a device, roughly: arithmetic and memory at the rates of its profile.

Good for the share that a layer has in its network's latency, which is all that pruning to a share of latency needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InputError
from ..targets import Target

if TYPE_CHECKING:
    from ..pruning.costs import LatencyModel, LayerWork

MULTIPLY_ACCUMULATES_PER_CYCLE = {"i8mm": 64, "dotprod": 32, "avx512vnni": 64, "avx2": 32, "neon": 8}
"""Of one core in int8, by the widest instructions it has: 16-byte vectors, two of them a cycle with dot products."""

REACHED = 0.4
"""Of that, what kernels reach: int8 MobileNetV2 (300 million) takes 17 ms on four cores of a Raspberry Pi 4 at 1.5 GHz
(XNNPACK's README), 0.37 of the peak."""

OPERATOR_MS = 0.005
"""Of starting an operator."""

COPY_GB_S = 3.0
"""Where the profile does not say: between a Raspberry Pi 4 and 5."""


def layer_milliseconds(target: Target) -> LatencyModel:
    """The latency model of a device.

    Raises:
        InputError: the profile does not say what CPU it is.
    """
    cpu = target.cpu
    if not cpu.ghz or not cpu.cores:
        raise InputError(f"the profile {target.name} has no clock or cores for a prediction: prune macs= instead")
    per_cycle = max((MULTIPLY_ACCUMULATES_PER_CYCLE.get(one, 4) for one in cpu.features), default=4)
    cores = min(target.runtime.threads, cpu.cores)
    per_ms = cpu.ghz * 1e6 * per_cycle * cores * REACHED
    bytes_per_ms = (target.memory.copy_gb_s or COPY_GB_S) * 1e6

    def milliseconds(layer: LayerWork) -> float:
        return layer.kernel_macs / per_ms + layer.cost.bytes / bytes_per_ms + OPERATOR_MS

    return milliseconds
