"""Where the INT8 file rounds, read off that file: which values of the float network lie on which integers.

Nothing here guesses what the quantizer will do. Post-training quantization has made the file once already; its
operators are those of the float file in the same order, with QUANTIZE and DEQUANTIZE between some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..tflite import Operator, Subgraph, Tensor, TfliteModel, read_tflite
from .grids import Grid, Grids, find_grids
from .pairing import Pair, pair_operators, source_of


@dataclass(frozen=True)
class Read:
    """A value that is computed when the network runs.

    Args:
        tensor: its index in the float file.
        grids: what it is rounded to on the way to this reader, in order, beyond what it was rounded to when written.
    """

    tensor: int
    grids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Weights:
    """Weights that are trained.

    Args:
        tensor: their index in the float file.
        bits: of their integers; None where the operator stays float.
        axis: of the output channels, each of which has a scale of its own; None for one scale.
        bias: index of the bias beside them, or None.
        data_grid: the grid of what they are applied to, or None.
    """

    tensor: int
    bits: int | None
    axis: int | None
    bias: int | None
    data_grid: int | None


@dataclass(frozen=True)
class Bias:
    """A bias that is trained; its integers are so fine that rounding them changes nothing.

    Args:
        tensor: its index in the float file.
    """

    tensor: int


@dataclass(frozen=True, eq=False)
class Fixed:
    """A constant that stays as it is.

    Args:
        values: as the INT8 file has them, in real numbers.
    """

    values: np.ndarray


Operand = Read | Weights | Bias | Fixed | None
"""An input of an operator; None for an optional one that is absent."""


@dataclass(frozen=True, eq=False)
class Step:
    """One operator.

    Args:
        operator: of the float file.
        operands: its inputs.
        grids: for each output what it is rounded to, or None.
    """

    operator: Operator
    operands: tuple[Operand, ...]
    grids: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class QatPlan:
    """What `FakeQuantNetwork` computes.

    Args:
        float_file: the .tflite whose constants are trained.
        network: the same, as read.
        grids: what values are rounded to.
        input_grids: for each input of the network its grid, or None.
        steps: the operators in the order in which they run.
        outputs: the network's outputs.
    """

    float_file: bytes
    network: TfliteModel
    grids: tuple[Grid, ...]
    input_grids: tuple[int | None, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Read, ...]

    def trained_tensors(self) -> Iterator[Tensor]:
        """The weights and biases that are trained, in the order in which they are first used."""
        seen: set[int] = set()
        for step in self.steps:
            for operand in step.operands:
                if isinstance(operand, (Weights, Bias)) and operand.tensor not in seen:
                    seen.add(operand.tensor)
                    yield self.network.main.tensors[operand.tensor]


WEIGHTS_AND_BIAS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
"""Positions of the data, the weights and the bias among the inputs of the operators whose constants are trained."""

# Operators that only choose among the values they read: on the same grid there is nothing left to round.
_CHOOSING = frozenset(
    """BROADCAST_TO CONCATENATION DEPTH_TO_SPACE EXPAND_DIMS GATHER MAXIMUM MAX_POOL_2D MINIMUM MIRROR_PAD PACK PAD
    REDUCE_MAX REDUCE_MIN RESHAPE RESIZE_NEAREST_NEIGHBOR SLICE SPACE_TO_DEPTH SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE
    TRANSPOSE UNPACK""".split()
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
    pairs = pair_operators(network, quantized)
    grids = find_grids(network.main, quantized.main)
    if not grids.grids:
        raise InputError(
            "the quantized .tflite has no integer activations, so that there is nothing to train for; "
            "quantization-aware training needs the scheme int8"
        )
    tied = _biases_of_one_layer(network.main)
    return QatPlan(
        float_file=float_file,
        network=network,
        grids=grids.grids,
        input_grids=tuple(grids.behind_input(place) for place in range(len(network.main.inputs))),
        steps=tuple(_step(pair, network.main, quantized.main, grids, tied) for pair in pairs),
        outputs=tuple(
            _read(quantized.main, index, output, grids)
            for index, output in zip(quantized.main.outputs, network.outputs, strict=True)
        ),
    )


def _step(pair: Pair, plain: Subgraph, quantized: Subgraph, grids: Grids, tied: frozenset[int]) -> Step:
    operands = tuple(_operands(pair, plain, quantized, grids, tied))
    written = tuple(grids.of_tensor(index) for index in pair.quantized.outputs)
    if pair.plain.name in _CHOOSING:
        read = {_last_grid(operand, plain, grids) for operand in operands if isinstance(operand, Read)}
        written = tuple(None if read == {grid} else grid for grid in written)
    return Step(pair.plain, operands, written)


def _operands(
    pair: Pair, plain: Subgraph, quantized: Subgraph, grids: Grids, tied: frozenset[int]
) -> Iterator[Operand]:
    places = WEIGHTS_AND_BIAS.get(pair.plain.name)
    for place, index in enumerate(pair.plain.inputs):
        if index < 0:
            yield None
            continue
        tensor, other = plain.tensors[index], quantized.tensors[pair.quantized.inputs[place]]
        if not tensor.is_constant:
            yield _read(quantized, other.index, tensor, grids)
        elif places is None or tensor.dtype != "float32" or place not in places[1:]:
            yield Fixed(_real_values(other))
        elif place == places[1]:
            yield _weights(pair, places, other, grids)
        else:
            yield Bias(index) if index in tied else Fixed(tensor.values())


def _weights(pair: Pair, places: tuple[int, int, int], stored: Tensor, grids: Grids) -> Weights:
    data, weights, bias = places
    inputs = pair.plain.inputs
    quantization = stored.quantization
    return Weights(
        tensor=inputs[weights],
        bits=_BITS.get(stored.dtype),
        axis=quantization.axis if quantization and quantization.per_channel else None,
        bias=inputs[bias] if bias < len(inputs) and inputs[bias] >= 0 else None,
        data_grid=grids.of_tensor(pair.quantized.inputs[data]),
    )


def _read(quantized: Subgraph, index: int, tensor: Tensor, grids: Grids) -> Read:
    """A reader of tensor `index` of the quantized file, which stands for `tensor` of the float file."""
    chain = source_of(quantized, index)
    if chain.source.name != tensor.name and chain.source.index not in quantized.inputs:
        raise InputError(
            f"the quantized .tflite reads {chain.source.name!r} where the float one reads {tensor.name!r}; "
            "give the INT8 file that was made from this float file"
        )
    passed = (grids.of_tensor(one) for one in chain.passed)
    return Read(tensor.index, tuple(grid for grid in passed if grid is not None))


def _last_grid(read: Read, plain: Subgraph, grids: Grids) -> int | None:
    """The grid that a value lies on when it is read."""
    return read.grids[-1] if read.grids else grids.of_name(plain.tensors[read.tensor].name)


def _real_values(stored: Tensor) -> np.ndarray:
    """A constant of the quantized file in real numbers; indices and shapes as they are."""
    values, quantization = stored.values(), stored.quantization
    if quantization is None or stored.dtype not in _BITS:
        return values
    shape = [1] * values.ndim
    if quantization.per_channel:
        shape[quantization.axis] = len(quantization.scale)
    scale = np.reshape(np.float32(quantization.scale), shape if values.ndim else ())
    zero = np.reshape(np.int32(quantization.zero_point), shape if values.ndim else ())
    return ((values.astype(np.int32) - zero) * scale).astype(np.float32)


def _biases_of_one_layer(graph: Subgraph) -> frozenset[int]:
    """Biases beside one tensor of weights only.

    Converters store equal constants once, so that all layers without a bias of their own share zeros; training those
    together would tie layers that have nothing to do with each other.
    """
    beside: dict[int, set[int]] = {}
    for operator in graph.operators:
        _, weights, bias = WEIGHTS_AND_BIAS.get(operator.name, (0, 0, len(operator.inputs)))
        if bias < len(operator.inputs) and operator.inputs[bias] >= 0:
            beside.setdefault(operator.inputs[bias], set()).add(operator.inputs[weights])
    return frozenset(bias for bias, weights in beside.items() if len(weights) == 1)


def describe(plan: QatPlan) -> Sequence[str]:
    """A line for each operator: its name, what it reads and what it writes, for logs and for people who wonder."""
    lines = []
    for step in plan.steps:
        grids = [plan.grids[grid] for grid in step.grids if grid is not None]
        written = ", ".join(f"{grid.low:g}..{grid.high:g}" for grid in grids) or "float or as read"
        lines.append(f"{step.operator.index} {step.operator.name}: {written}")
    return lines
