"""Memory that TFLite's own kernels need beside an operator's tensors, when no delegate runs it.

As the kernels' `Prepare` functions ask for it with one thread, which is the interpreter's default
(https://github.com/google-ai-edge/LiteRT/tree/main/tflite/kernels: conv.cc, transpose_conv.cc, fully_connected.cc,
depthwise_conv.cc, batch_matmul.cc, reduce.cc). With more threads, float convolutions without dilation keep a copy of
their weights instead of unfolding their input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from .model import DTYPE_BITS, Operator, Subgraph, Tensor

_INT32 = _FLOAT32 = 4


@dataclass(frozen=True)
class Scratch:
    """Memory of a kernel: `nbytes`, while its operator runs, or as long as the interpreter exists where `kept`."""

    nbytes: int
    kept: bool = False


def scratch_of(graph: Subgraph, operator: Operator) -> tuple[Scratch, ...]:
    """What the kernel of an operator asks for; empty for operators that need nothing, or that are not known here."""
    needs = _NEEDS.get(operator.name)
    operands = [graph.tensors[index] if index >= 0 else None for index in operator.inputs]
    if needs is None or len(operands) < 2 or not operator.outputs or operator.outputs[0] < 0:
        return ()
    return needs(operator, operands, graph.tensors[operator.outputs[0]])


_Operands = list[Tensor | None]


def _convolution(operator: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    """The input unfolded to one row per output position (im2col), which a plain 1x1 convolution does without."""
    source, weights = operands[:2]
    if source is None or weights is None or min(len(source.shape), len(weights.shape), len(output.shape)) < 4:
        return ()
    *window, depth = weights.shape[1:] if operator.name == "CONV_2D" else weights.shape[:-1]
    dynamic = _is_dynamic(source, weights)
    steps = [operator.options.get(f"stride{axis}", 1) for axis in "DHW"]
    dilations = [operator.options.get(f"dilation{axis}Factor", 1) for axis in "DHW"]
    unfolded = prod(window) > 1 or any(one != 1 for one in (*steps, *dilations))
    positions = prod(output.shape[:-1])
    needs = _dynamic(source, rows=prod(source.shape[:-1]), sums=output.elements) if dynamic else ()
    if not unfolded:
        return needs
    bits = DTYPE_BITS.get("int8" if dynamic else source.dtype, 0)
    return (*needs, Scratch(positions * prod(window) * depth * bits // 8))


def _depthwise(_: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    source, weights = operands[:2]
    if source is None or weights is None or not _is_dynamic(source, weights):
        return ()
    return _dynamic(source, rows=source.shape[0] if source.shape else 1, sums=0)


def _fully_connected(_: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    source, weights = operands[:2]
    if source is None or weights is None or not _is_dynamic(source, weights) or len(weights.shape) != 2:
        return ()
    rows = source.elements // max(weights.shape[1], 1)
    kept = Scratch(weights.shape[0] * _INT32, kept=True)  # sums of the rows of the weights
    return (*_dynamic(source, rows=rows, sums=output.elements), Scratch(rows * _INT32), kept)


def _transposed_convolution(_: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    """Every input position spread over its window (col2im), and the weights once more in another order."""
    if len(operands) < 3:
        return ()
    weights, source = operands[1], operands[2]
    if source is None or weights is None or len(weights.shape) != 4 or len(source.shape) != 4:
        return ()
    spread = prod(source.shape[1:3]) * prod(weights.shape[:3])
    needs = (Scratch(spread * _INT32, kept=True), Scratch(weights.nbytes, kept=True))
    if _is_dynamic(source, weights):
        return (*needs, *_dynamic(source, rows=prod(source.shape[:-1]), sums=0))
    return needs if source.dtype == "float32" else (*needs, Scratch(output.elements * _INT32, kept=True))


def _batch_matmul(_: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    """Both operands in another order; a constant one is kept."""
    return tuple(Scratch(one.nbytes, kept=one.is_constant) for one in operands[:2] if one is not None)


def _reduction(operator: Operator, operands: _Operands, output: Tensor) -> tuple[Scratch, ...]:
    source, axes = operands[:2]
    if source is None or axes is None:
        return ()
    sums = (Scratch(output.elements * _INT32),) if operator.name in ("MEAN", "SUM") else ()
    return (Scratch(len(source.shape) * _INT32), Scratch(axes.elements * _INT32), *sums)


def _dynamic(source: Tensor, *, rows: int, sums: int) -> tuple[Scratch, ...]:
    """Float inputs are quantized to int8 row by row where the weights are stored in 8 bits ("hybrid" kernels)."""
    return Scratch(source.elements), Scratch(rows * _FLOAT32), Scratch(sums * _INT32)


def _is_dynamic(source: Tensor, weights: Tensor) -> bool:
    return source.dtype == "float32" and weights.dtype in ("int8", "uint8", "int4")


_NEEDS: dict[str, Callable[[Operator, _Operands, Tensor], tuple[Scratch, ...]]] = {
    "CONV_2D": _convolution,
    "CONV_3D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transposed_convolution,
    "BATCH_MATMUL": _batch_matmul,
    "MEAN": _reduction,
    "SUM": _reduction,
    "REDUCE_MAX": _reduction,
    "REDUCE_MIN": _reduction,
    "REDUCE_PROD": _reduction,
}
