"""Where the INT8 file rounds, read off that file: which values of the float network lie on which integers.

Nothing here guesses what the quantizer will do. Post-training quantization has made the file once already; its
operators are those of the float file in the same order, with QUANTIZE and DEQUANTIZE between some of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..errors import InputError
from ..tflite import Subgraph, Tensor, TfliteModel, read_tflite
from .grids import Grids, find_grids
from .pairing import Pair, pair_operators
from .steps import Bias, Fixed, Operand, QatPlan, Read, Step, Weights

WEIGHTS_AND_BIAS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
"""Positions of the data, the weights and the bias among the inputs of the operators whose constants are trained."""

# Operators that only choose among the values they read: on the same grid there is nothing left to round.
_CHOOSING = frozenset(
    {
        "BROADCAST_TO",
        "CONCATENATION",
        "DEPTH_TO_SPACE",
        "EXPAND_DIMS",
        "GATHER",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MINIMUM",
        "MIRROR_PAD",
        "PACK",
        "PAD",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "SLICE",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TILE",
        "TRANSPOSE",
        "UNPACK",
    }
)

_BITS = {"int4": 4, "int8": 8, "int16": 16}


def plan_qat(float_file: bytes, int8_file: bytes) -> QatPlan:
    """Finds out what quantization-aware training has to round, and to what.

    Args:
        float_file: the float .tflite that integers are made of, rewritten and equalized as the quantizer gets it.
        int8_file: what post-training quantization made of it.

    Raises:
        InputError: a file is not a .tflite, the second is not made from the first, or has no integer activations.
    """
    network, quantized = read_tflite(float_file), read_tflite(int8_file)
    pairs = pair_operators(network.main, quantized.main)
    grids = find_grids(network.main, quantized.main)
    if not grids.grids:
        raise InputError(
            "the quantized .tflite has no integer activations, so that there is nothing to train for; "
            "quantization-aware training needs the scheme int8"
        )
    return _Planner(network, quantized.main, grids).plan(float_file, pairs)


class _Planner:
    """Looks from operators of the float graph to their like in the quantized one."""

    def __init__(self, network: TfliteModel, quantized: Subgraph, grids: Grids) -> None:
        self._network = network
        self._plain = network.main
        self._quantized = quantized
        self._grids = grids
        self._own_biases = _biases_of_one_layer(network.main)

    def plan(self, float_file: bytes, pairs: list[Pair]) -> QatPlan:
        outputs = zip(self._quantized.outputs, self._network.outputs, strict=True)
        return QatPlan(
            float_file=float_file,
            network=self._network,
            grids=self._grids.grids,
            input_grids=tuple(self._grids.of_tensor(index) for index in self._quantized.inputs),
            steps=tuple(self._step(pair) for pair in pairs),
            outputs=tuple(self._read(index, output) for index, output in outputs),
        )

    def _step(self, pair: Pair) -> Step:
        operands = tuple(self._operands(pair))
        written = tuple(self._grids.of_tensor(index) for index in pair.quantized.outputs)
        if pair.plain.name in _CHOOSING:
            read = {self._last_grid(operand) for operand in operands if not _says_how(operand)}
            written = tuple(None if read == {grid} else grid for grid in written)
        return Step(pair.plain, operands, written)

    def _operands(self, pair: Pair) -> Iterator[Operand]:
        inputs = pair.plain.inputs
        _, weights, bias = WEIGHTS_AND_BIAS.get(pair.plain.name, (0, len(inputs), len(inputs)))
        for place, index in enumerate(inputs):
            if index < 0:
                yield None
                continue
            tensor, stored = self._plain.tensors[index], self._quantized.tensors[pair.quantized.inputs[place]]
            if not tensor.is_constant:
                yield self._read(stored.index, tensor)
            elif place == weights and tensor.dtype == "float32":
                yield self._weights(pair)
            elif place == bias and index in self._own_biases:
                yield Bias(index, self._weights(pair))
            else:
                yield Fixed(tensor.values(), tensor.values() if place == bias else _real_values(stored))

    def _weights(self, pair: Pair) -> Weights:
        data, weights, bias = WEIGHTS_AND_BIAS[pair.plain.name]
        inputs, stored = pair.plain.inputs, self._quantized.tensors[pair.quantized.inputs[weights]]
        quantization = stored.quantization
        return Weights(
            tensor=inputs[weights],
            bits=_BITS.get(stored.dtype),
            axis=quantization.axis if quantization and quantization.per_channel else None,
            bias=inputs[bias] if bias < len(inputs) and inputs[bias] in self._own_biases else None,
            data_grid=self._grids.of_tensor(pair.quantized.inputs[data]),
        )

    def _read(self, index: int, tensor: Tensor) -> Read:
        """A reader of tensor `index` of the quantized file, which stands for `tensor` of the float file."""
        chain = self._grids.chains[index]
        if chain.source.name != tensor.name and chain.source.index not in self._quantized.inputs:
            raise InputError(
                f"the quantized .tflite reads {chain.source.name!r} where the float one reads {tensor.name!r}; "
                "give the INT8 file that was made from this float file"
            )
        passed = (self._grids.of_tensor(one) for one in chain.passed)
        return Read(tensor.index, tuple(grid for grid in passed if grid is not None))

    def _last_grid(self, operand: Operand) -> int | None:
        """The grid that a value lies on when it is read; None for constants, whose grid may move on without them."""
        if not isinstance(operand, Read):
            return None
        return operand.grids[-1] if operand.grids else self._grids.of_name(self._plain.tensors[operand.tensor].name)


def _says_how(operand: Operand) -> bool:
    """Whether an operand is absent, or holds axes, sizes or indices."""
    return operand is None or (isinstance(operand, Fixed) and operand.values.dtype.kind != "f")


def _real_values(stored: Tensor) -> np.ndarray:
    """A constant of the quantized file in real numbers; indices and shapes as they are."""
    values, quantization = stored.values(), stored.quantization
    if quantization is None or stored.dtype not in _BITS:
        return values
    shape = [len(quantization.scale) if axis == quantization.axis else 1 for axis in range(values.ndim)]
    scale = np.array(quantization.scale, np.float32).reshape(shape)
    zero = np.array(quantization.zero_point, np.int32).reshape(shape)
    real: np.ndarray = (values.astype(np.int32) - zero) * scale
    return real.astype(np.float32)


def _biases_of_one_layer(graph: Subgraph) -> frozenset[int]:
    """Biases beside one tensor of constant weights only.

    Converters store equal constants once, so that all layers without a bias of their own share zeros; training those
    together would tie layers that have nothing to do with each other.
    """
    beside: dict[int, set[int]] = {}
    for operator in graph.operators:
        _, weights, bias = WEIGHTS_AND_BIAS.get(operator.name, (0, 0, len(operator.inputs)))
        if bias < len(operator.inputs) and operator.inputs[bias] >= 0:
            beside.setdefault(operator.inputs[bias], set()).add(operator.inputs[weights])
    tensors = graph.tensors
    return frozenset(
        bias
        for bias, (first, *others) in ((bias, [*weights]) for bias, weights in beside.items())
        if not others and tensors[bias].is_constant and tensors[first].is_constant and tensors[first].dtype == "float32"
    )
