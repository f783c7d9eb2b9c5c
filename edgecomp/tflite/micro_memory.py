"""Estimates the arena that TensorFlow Lite Micro needs: one block of memory for everything but the model itself.

Its head holds tensors and the kernels' scratch memory, planned ahead; its tail what lives as long as the interpreter.
The plan repeats TFLite Micro's (`micro_allocation_info.cc`, `greedy_memory_planner.cc` and `docs/memory_management.md`
of https://github.com/tensorflow/tflite-micro): by size, each into the first gap that is large enough. It differs from
TFLite's in that inputs are given up after their last use, nothing is computed in place and memory is aligned to 16
bytes. The tail is counted per tensor, operator and channel; the constants were measured with its Python package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .memory import Lifetime
from .micro_scratch import cmsis_nn_scratch, esp_nn_scratch
from .model import Operator, Subgraph, TfliteModel

MICRO_ALIGNMENT = 16
"""`MicroArenaBufferAlignment()`: of the arena, of every buffer in it, and of the model."""

Kernels = Literal["reference", "cmsis-nn", "esp-nn"]

_SCRATCH = {"reference": lambda graph, operator: 0, "cmsis-nn": cmsis_nn_scratch, "esp-nn": esp_nn_scratch}
# Bytes of a multiplier and a shift, which kernels keep for each output channel.
_PER_CHANNEL = 8
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
# Structures of the interpreter and its allocator; what a kernel keeps besides what is counted in pointers.
_INTERPRETER = 640
_KERNEL_DATA = 64
# Requests for scratch memory, 12 of 12 bytes, and offsets of graphs; then `GreedyMemoryPlanner::per_buffer_size()`.
_PLANNING = 256
_PER_PLANNED = 40


@dataclass(frozen=True)
class MicroArena:
    """Bytes that TFLite Micro's arena needs.

    Args:
        head: tensors and scratch memory at their peak.
        tail: what lives as long as the interpreter.
    """

    head: int
    tail: int

    @property
    def nbytes(self) -> int:
        return self.head + self.tail


def micro_arena(model: TfliteModel, *, kernels: Kernels = "cmsis-nn", pointer_bytes: int = 4) -> MicroArena:
    """Estimates the arena of an interpreter.

    Args:
        model: with every size known.
        kernels: whose kernels are compiled in: Arm's CMSIS-NN, Espressif's ESP-NN (for the ESP32-S3) or the portable
            reference kernels. They differ in their scratch memory.
        pointer_bytes: 4 on microcontrollers; 8 for an interpreter that runs on a workstation.
    """
    needs = [_lifetimes(graph, kernels) for graph in model.subgraphs]
    heads = [_planned(one) for one in needs]
    tensors = sum(len(graph.tensors) for graph in model.subgraphs)
    # Planning itself works in the head: a record of each tensor, and what the planner sorts.
    planning = _PLANNING + (2 * pointer_bytes + 16) * tensors + _PER_PLANNED * sum(map(len, needs))
    return MicroArena(
        head=max(heads[0] + max(heads[1:], default=0), planning),
        tail=_INTERPRETER + sum(_tail(graph, pointer_bytes) for graph in model.subgraphs),
    )


def _lifetimes(graph: Subgraph, kernels: Kernels) -> list[Lifetime]:
    """When each tensor and each kernel's scratch must be there. Inputs are there before the first operator, at 0."""
    spans = dict.fromkeys(graph.inputs, (0, 0))
    for scope, operator in enumerate(graph.operators, start=1):
        for index in operator.outputs + operator.inputs:
            spans[index] = (spans.get(index, (scope, scope))[0], scope)
    for index in graph.outputs:
        spans[index] = (spans.get(index, (0, 0))[0], len(graph.operators))
    needs = [
        Lifetime(graph.tensors[index].nbytes, first, last)
        for index, (first, last) in sorted(spans.items())
        if index >= 0 and not graph.tensors[index].is_constant and not graph.tensors[index].is_variable
    ]
    scratch = [
        Lifetime(_SCRATCH[kernels](graph, operator), scope, scope)
        for scope, operator in enumerate(graph.operators, start=1)
    ]
    return [need for need in needs + scratch if need.nbytes > 0]


def _planned(needs: list[Lifetime]) -> int:
    """Size of the head: the largest first, each into the first gap between those that live at the same time."""
    placed: list[tuple[int, Lifetime]] = []
    needs = needs[::-1]  # of equal ones the last goes first
    for need in sorted(needs, key=lambda one: -_aligned(one.nbytes)):
        offset = 0
        for start, other in placed:
            if other.first > need.last or need.first > other.last:
                continue
            if start - offset >= _aligned(need.nbytes):
                break
            offset = max(offset, start + _aligned(other.nbytes))
        placed.append((offset, need))
        placed.sort(key=lambda one: one[0])
    return max((start + _aligned(need.nbytes) for start, need in placed), default=0)


def _tail(graph: Subgraph, pointer_bytes: int) -> int:
    edges = len(graph.inputs) + len(graph.outputs)
    state = sum(_aligned(tensor.nbytes) for tensor in graph.tensors if tensor.is_variable)
    pointers = 3 * len(graph.tensors) + 16 * len(graph.operators) + 12 * edges
    channels = sum(_channels(graph, operator) for operator in graph.operators)
    return state + pointer_bytes * pointers + _KERNEL_DATA * len(graph.operators) + _PER_CHANNEL * channels


def _channels(graph: Subgraph, operator: Operator) -> int:
    """Output channels that a kernel keeps multipliers for. Convolutions do so whatever they compute in."""
    if operator.name not in _WEIGHTED or len(operator.inputs) < 2 or operator.inputs[1] < 0:
        return 0
    weights = graph.tensors[operator.inputs[1]]
    if operator.name == "FULLY_CONNECTED":
        return len(weights.quantization.scale) if weights.quantization else 0
    return weights.shape[-1 if operator.name == "DEPTHWISE_CONV_2D" else 0] if weights.shape else 0


def _aligned(nbytes: int) -> int:
    return -(-nbytes // MICRO_ALIGNMENT) * MICRO_ALIGNMENT
