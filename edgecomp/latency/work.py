"""What an operator does, in quantities that its cost is a sum of.

XNNPACK computes matrix products in tiles of a few rows (positions of the image) by 8 to 32 columns (output channels),
and fills up what is left over (https://github.com/google/XNNPACK, `src/configs/gemm-config.c`). So a layer of 24
channels costs what one of 32 does, and 49 positions cost what 54 do, where tiles are 6 by 16.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from ..errors import InputError
from ..tflite import Operator, Subgraph, Tensor, TfliteModel

PRODUCTS = ("pointwise", "convolution")
"""Kinds that are computed tile by tile. "dense" reads its weights once for one position, which is another kernel."""

FIRST_CACHE_KIB = 32
"""For the weights that a depthwise kernel reads at each position. First caches hold 32 to 64 KiB, of inputs as well."""

_ONE_PASS_TAPS = (9, 25)
"""Taps of a depthwise window up to which XNNPACK has a kernel of one pass, each for itself."""

LINES = ("depthwise", *(f"depthwise {taps}" for taps in _ONE_PASS_TAPS))
"""Kinds that are computed by a few channels at a time."""

_POOL_FIRST_TAPS, _POOL_MORE_TAPS = 9, 8
"""Taps of a pooling window that its kernels look at in the first pass, and in each further one."""

_BINARY = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
_TABLED = ("LOGISTIC", "TANH", "ELU", "LEAKY_RELU")
_EIGHT_BITS = ("int8", "uint8")
_FREE = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


@dataclass(frozen=True)
class Tile:
    """What a matrix kernel computes at a time: `rows` x `columns` outputs, `depth` input channels a step."""

    rows: int = 1
    columns: int = 1
    depth: int = 1


@dataclass(frozen=True)
class Work:
    """One operator's work.

    Args:
        kind: operators of one kind share coefficients: "pointwise", "convolution", "dense", "depthwise 9" (taps, at the
            most), "depthwise 25", "depthwise" (more), "fused" (into the one before), or the operator's name, with
            " by channel" where one operand has one value a channel.
        precision: "float32" or "int8", of its input.
        rows: positions that are computed, over all groups.
        columns: output channels of a group.
        taps: places of the window.
        depth: input channels of a group.
        elements: the larger of what it reads and what it writes, in elements.
        runs: times that an inner loop starts.
        weight_bytes: bytes of weights.
        nbytes: bytes of activations read and written.
    """

    kind: str
    precision: str
    rows: int = 0
    columns: int = 0
    taps: int = 0
    depth: int = 0
    elements: int = 0
    runs: int = 0
    weight_bytes: int = 0
    nbytes: int = 0

    def quantities(self, tile: Tile) -> dict[str, float]:
        """What the cost is a sum of: quantity by name, each to be multiplied by a coefficient."""
        if self.kind in PRODUCTS or self.kind == "dense":
            # A single position has a kernel of its own.
            rows = self.rows if self.kind == "dense" else _filled(self.rows, tile.rows)
            outputs = float(rows * _filled(self.columns, tile.columns))
            found = {
                "mac": outputs * self.taps * _filled(self.depth, tile.depth),
                "output": outputs,
                "weight": float(self.weight_bytes),
            }
            return found | ({"tap": outputs * self.taps} if self.kind == "convolution" else {})
        if self.kind.startswith("depthwise"):
            outputs = float(self.rows * _filled(self.columns, tile.columns))
            macs = outputs * self.taps
            spilled = overflow(self.weight_bytes, FIRST_CACHE_KIB) / max(1, self.weight_bytes)
            return {"mac": macs, "spill": macs * spilled, "output": outputs, "run": float(self.runs)}
        if self.kind in _POOLS:
            outputs = float(self.rows * self.columns)
            # XNNPACK's kernels go by passes, TFLite's own by taps.
            macs = outputs * _passes(self.taps)
            return {"mac": macs, "element": outputs, "tap": outputs * self.taps, "run": float(self.runs)}
        return {"element": float(self.elements), "run": float(self.runs)}


def works_of(model: TfliteModel) -> tuple[Work, ...]:
    """The work of each operator of the main graph."""
    fused = _fused(model.main)
    return tuple(
        Work("fused", "int8") if operator.index in fused else operator_work(model.main, operator)
        for operator in model.main.operators
    )


def _fused(graph: Subgraph) -> frozenset[int]:
    """Products in int8 of a tensor and a function of it, as in swish.

    XNNPACK looks up the whole in one table of 256 values, so that they cost no more than the function.
    """
    tabled = {
        operator.outputs[0]: operator.inputs[0]
        for operator in graph.operators
        if operator.name in _TABLED and _in_eight_bits(graph, operator) and operator.outputs
    }
    return frozenset(
        operator.index
        for operator in graph.operators
        if operator.name in _BINARY
        and len(operator.inputs) == 2
        and _in_eight_bits(graph, operator)
        and len({tabled.get(one, one) for one in operator.inputs}) == 1
    )


def _in_eight_bits(graph: Subgraph, operator: Operator) -> bool:
    present = min(operator.inputs, default=-1) >= 0
    return present and graph.tensors[operator.inputs[0]].dtype in _EIGHT_BITS


def operator_work(graph: Subgraph, operator: Operator) -> Work:
    """The work of one operator, from its shapes. Sizes only known at run time count as 1.

    Raises:
        InputError: it has not the inputs, outputs and axes that its kind needs.
    """
    describe = _DESCRIBED.get(operator.name, _plain)
    try:
        return describe(graph, operator)
    except (IndexError, ValueError) as error:  # a missing tensor or axis
        raise InputError(
            f"operator {operator.index} ({operator.name}) has not the inputs, outputs or axes that it needs: export "
            "the model again"
        ) from error


def overflow(nbytes: int, kib: int, others: int = 0) -> float:
    """Bytes that a cache of `kib` KiB does not keep until they are used again.

    None where all that is used in between fits, all where it is twice as much, since each byte pushes out the one that
    is needed next.

    Args:
        nbytes: what is used again.
        kib: what the cache holds; 0 for nothing.
        others: bytes of other things that are used in between.
    """
    capacity = 1024 * kib
    return float(nbytes) if not capacity else nbytes * min(1.0, max(0.0, (nbytes + others) / capacity - 1))


def weight_overflow(works: Sequence[Work], kib: int) -> float:
    """Bytes of a network's weights that a cache does not keep from one inference to the next."""
    weights = sum(work.weight_bytes for work in works)
    return overflow(weights, kib, others=sum(work.nbytes for work in works))


def _filled(count: int, block: int) -> int:
    return -(-count // block) * block


def _passes(taps: int) -> int:
    """How often a pooling kernel goes over its output."""
    return 1 + max(0, -(-(taps - _POOL_FIRST_TAPS) // _POOL_MORE_TAPS))


def _operands(graph: Subgraph, operator: Operator) -> tuple[list[Tensor], list[Tensor]]:
    """What it computes with, and what it gives; shapes, axes and the like left out."""
    inputs = [tensor for tensor in graph.tensors_of(operator.inputs) if tensor.dtype not in ("int32", "int64")]
    return inputs or list(graph.tensors_of(operator.inputs)), list(graph.tensors_of(operator.outputs))


def _precision(inputs: list[Tensor]) -> str:
    return "int8" if any(tensor.dtype in _EIGHT_BITS for tensor in inputs[:2]) else "float32"


def _moved(inputs: list[Tensor], outputs: list[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in (*inputs, *outputs) if not tensor.is_constant)


def _plain(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    read = sum(tensor.elements for tensor in inputs)
    written = sum(tensor.elements for tensor in outputs)
    # Joining copies one position's channels at a time from each input.
    shape = outputs[0].shape if outputs else ()
    runs = prod(shape[:-1]) * len(inputs) if operator.name not in _FREE else 1
    return Work(
        operator.name, _precision(inputs[:1]), elements=max(read, written), runs=runs, nbytes=_moved(inputs, outputs)
    )


def _one_input(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    return Work(
        operator.name,
        _precision(inputs[:1]),
        elements=max((tensor.elements for tensor in (*inputs[:1], *outputs)), default=0),
        nbytes=_moved(inputs, outputs),
    )


def _binary(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    result = outputs[0]
    spread = any(1 < tensor.elements < result.elements for tensor in inputs)
    return Work(
        operator.name + (" by channel" if spread else ""),
        _precision(inputs[:1]),
        elements=result.elements,
        runs=prod(result.shape[:-1]) if spread else 0,
        nbytes=_moved(inputs, outputs),
    )


def _pool(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    shape = outputs[0].shape
    return Work(
        operator.name,
        _precision(inputs),
        rows=prod(shape[:-1]),
        columns=shape[-1],
        taps=int(operator.options.get("filterHeight", 1) * operator.options.get("filterWidth", 1)),
        runs=prod(shape[:-1]),
        nbytes=_moved(inputs, outputs),
    )


def _convolution(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    source, weights, result = inputs[0], inputs[1], outputs[0]
    channels, height, width, depth = weights.shape
    groups = max(1, source.shape[-1] // max(1, depth))
    rows, taps = prod(result.shape[:-1]), height * width
    strided = max(operator.options.get("strideH", 1), operator.options.get("strideW", 1)) > 1
    kind = "convolution" if taps > 1 or strided else "pointwise"
    return Work(
        "dense" if rows == groups == 1 and kind == "pointwise" else kind,
        _precision(inputs),
        rows=rows * groups,
        columns=channels // groups,
        taps=taps,
        depth=depth,
        weight_bytes=weights.nbytes,
        nbytes=_moved(inputs, outputs),
    )


def _depthwise(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    weights, result = inputs[1], outputs[0]
    taps = prod(weights.shape[1:3])
    kernel = next((f"depthwise {most}" for most in _ONE_PASS_TAPS if taps <= most), "depthwise")
    return Work(
        kernel,
        _precision(inputs),
        rows=prod(result.shape[:-1]),
        columns=result.shape[-1],
        taps=taps,
        depth=1,
        runs=prod(result.shape[:-1]),
        weight_bytes=weights.nbytes,
        nbytes=_moved(inputs, outputs),
    )


def _dense(graph: Subgraph, operator: Operator) -> Work:
    inputs, outputs = _operands(graph, operator)
    weights = inputs[1] if len(inputs) > 1 else inputs[0]
    columns, depth = weights.shape[0], prod(weights.shape[1:])
    rows = outputs[0].elements // max(1, columns)
    return Work(
        "dense" if rows == 1 else "pointwise",
        _precision(inputs),
        rows=rows,
        columns=columns,
        taps=1,
        depth=depth,
        weight_bytes=weights.nbytes,
        nbytes=_moved(inputs, outputs),
    )


_Describe = Callable[[Subgraph, Operator], Work]
_DESCRIBED: dict[str, _Describe] = {
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys(_POOLS, _pool),
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    **dict.fromkeys(("MEAN", "SUM", "SOFTMAX", "LOGISTIC", "TANH", "HARD_SWISH", "RELU", "RELU6"), _one_input),
    **dict.fromkeys(("QUANTIZE", "DEQUANTIZE"), _one_input),
}
