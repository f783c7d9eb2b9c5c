"""What a .tflite costs: multiply-accumulates, parameters, bytes of weights, and its numeric scheme."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

from .model import Operator, Subgraph, Tensor, TfliteModel

_Count = Callable[[Subgraph, Operator], int]


def operator_macs(graph: Subgraph, operator: Operator) -> int:
    """Multiply-accumulates of one run of an operator, from its shapes.

    Counts the operators that multiply by weights (and products of two activations); what an addition or an activation
    function costs is not a multiply-accumulate and counts 0. Operators that run other graphs count 0 themselves.
    """
    count = _MACS.get(operator.name)
    return 0 if count is None else count(graph, operator)


def total_macs(model: TfliteModel) -> int:
    """Multiply-accumulates of one inference; a loop's body counts once, as a file does not say how often it runs."""
    return sum(operator_macs(graph, operator) for graph in model.subgraphs for operator in graph.operators)


def operator_weight_bytes(graph: Subgraph, operator: Operator) -> int:
    """Bytes of the constants that an operator reads, as stored."""
    return sum(len(tensor.buffer) for tensor in _unique(graph.tensors_of(operator.inputs)))


def parameter_count(model: TfliteModel) -> int:
    """Elements of the constants that stand for real numbers; shapes, axes and the like are left out.

    A tensor that several operators share counts once.
    """
    constants = [tensor for graph in model.subgraphs for tensor in graph.tensors if _is_parameter(tensor)]
    return sum(tensor.elements for tensor in _unique(constants))


def weight_bytes(model: TfliteModel) -> int:
    """Bytes of all constants as stored, each counted once."""
    return sum(
        len(tensor.buffer) for tensor in _unique(tensor for graph in model.subgraphs for tensor in graph.tensors)
    )


def scheme(model: TfliteModel) -> str:
    """How the model computes: "float32", "float16", "dynamic", "int8", "int16x8", "uint8" or "mixed".

    "float16" and "dynamic" keep float activations and store smaller weights (16 bits, or 8 and fewer). "mixed" means
    that some operators with weights compute in float and others in integers.
    """
    found = [_activation_kind(graph, operator) for graph, operator in _arithmetic(model)]
    kinds = {kind for kind in found if kind is not None}
    if kinds - {"float32", "float16"}:
        return "mixed" if len(kinds) > 1 else kinds.pop()
    stored = {tensor.dtype for graph in model.subgraphs for tensor in graph.tensors if _is_parameter(tensor)}
    if stored & {"int8", "uint8", "int4", "uint4", "int2"}:
        return "dynamic"
    return "float16" if "float16" in stored else "float32"


def is_quantized(model: TfliteModel) -> bool:
    """Whether weights or activations are anything but float32."""
    return scheme(model) != "float32" or any(
        tensor.quantization is not None and tensor.dtype != "float32"
        for graph in model.subgraphs
        for tensor in graph.tensors
    )


def _arithmetic(model: TfliteModel) -> list[tuple[Subgraph, Operator]]:
    """The operators that decide the scheme: those with multiply-accumulates, or all where none has any."""
    every = [(graph, operator) for graph in model.subgraphs for operator in graph.operators]
    return [pair for pair in every if pair[1].name in _MACS] or every


def _activation_kind(graph: Subgraph, operator: Operator) -> str | None:
    dtypes = {tensor.dtype for tensor in graph.tensors_of(operator.inputs + operator.outputs) if _is_activation(tensor)}
    if "int16" in dtypes:
        return "int16x8"
    quantized = dtypes & {"int8", "uint8"}
    if quantized and dtypes & {"float32", "float16"}:
        return None  # QUANTIZE, DEQUANTIZE: a border between schemes
    for kind in ("int8", "uint8", "float32", "float16"):
        if kind in dtypes:
            return kind
    return None


def _is_activation(tensor: Tensor) -> bool:
    real = tensor.dtype in ("float32", "float16") or tensor.quantization is not None
    return real and not tensor.is_constant


def _is_parameter(tensor: Tensor) -> bool:
    real = tensor.dtype in ("float32", "float16", "bfloat16", "float64") or tensor.quantization is not None
    return real and tensor.is_constant


def _unique(tensors: Iterable[Tensor]) -> list[Tensor]:
    """One tensor for each stored constant, since tensors may share a buffer."""
    return list({tensor.buffer_index: tensor for tensor in tensors if tensor.is_constant}.values())


def _operand(graph: Subgraph, indices: tuple[int, ...], place: int) -> Tensor | None:
    if place >= len(indices) or indices[place] < 0:
        return None
    return graph.tensors[indices[place]]


def _per_output(weight_axes: slice) -> _Count:
    """Each output element sums over the weights along `weight_axes` of input 1."""

    def count(graph: Subgraph, operator: Operator) -> int:
        weights, output = _operand(graph, operator.inputs, 1), _operand(graph, operator.outputs, 0)
        return 0 if weights is None or output is None else output.elements * prod(weights.shape[weight_axes])

    return count


def _per_input(weight_axes: slice) -> _Count:
    """Each element of input 2 is spread over the weights along `weight_axes` of input 1 (transposed convolutions)."""

    def count(graph: Subgraph, operator: Operator) -> int:
        weights, source = _operand(graph, operator.inputs, 1), _operand(graph, operator.inputs, 2)
        return 0 if weights is None or source is None else source.elements * prod(weights.shape[weight_axes])

    return count


def _batch_matmul(graph: Subgraph, operator: Operator) -> int:
    left, output = _operand(graph, operator.inputs, 0), _operand(graph, operator.outputs, 0)
    if left is None or output is None:
        return 0
    summed = slice(-2, -1) if operator.options.get("adjX") else slice(-1, None)
    return output.elements * prod(left.shape[summed])


def _recurrent(graph: Subgraph, operator: Operator) -> int:
    """Every step of every sequence multiplies by each weight matrix once; the input is [..., features]."""
    source = _operand(graph, operator.inputs, 0)
    if source is None:
        return 0
    matrices = [
        tensor for tensor in graph.tensors_of(operator.inputs[1:]) if tensor.is_constant and len(tensor.shape) == 2
    ]
    return prod(source.shape[:-1]) * sum(tensor.elements for tensor in matrices)


# Layouts of the weights: TFLite's kernels, https://github.com/tensorflow/tensorflow/tree/master/tensorflow/lite/kernels
_MACS: dict[str, _Count] = {
    "CONV_2D": _per_output(slice(1, None)),  # [out, height, width, in / groups]
    "DEPTHWISE_CONV_2D": _per_output(slice(1, 3)),  # [1, height, width, out]
    "FULLY_CONNECTED": _per_output(slice(-1, None)),  # [out, in]
    "CONV_3D": _per_output(slice(0, 4)),  # [depth, height, width, in, out]
    "TRANSPOSE_CONV": _per_input(slice(0, 3)),  # [out, height, width, in]
    "CONV_3D_TRANSPOSE": _per_input(slice(0, 4)),  # [depth, height, width, out, in]
    "BATCH_MATMUL": _batch_matmul,
    "LSTM": _recurrent,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
    "BIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
    "RNN": _recurrent,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _recurrent,
    "BIDIRECTIONAL_SEQUENCE_RNN": _recurrent,
    "SVDF": _recurrent,
}
