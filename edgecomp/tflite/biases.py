"""Giving a bias to operators that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .packing import AlignedBuffer, pack, schema, unpack


@dataclass(frozen=True)
class NewBias:
    """A bias of zeros, which changes no result.

    Args:
        operator: index of the operator in the main graph.
        position: of the bias among its inputs.
        name: of the new tensor.
        channels: how many output channels the operator has.
        dtype: "int32", "int64" or "float32".
        scale: real size of a step, one for all channels or one for each; empty for float32.
    """

    operator: int
    position: int
    name: str
    channels: int
    dtype: str
    scale: tuple[float, ...]


def with_biases(data: bytes, biases: Sequence[NewBias]) -> bytes:
    """Adds biases to operators of the main graph that lack theirs.

    Returns:
        a file that computes the same; the indices of the tensors that were there stay.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss.
    """
    if not biases:
        return data
    model = unpack(data)
    graph = model.subgraphs[0]
    for bias in biases:
        model.buffers.append(AlignedBuffer(np.zeros(bias.channels, bias.dtype).view(np.uint8)))
        graph.tensors.append(_tensor(bias, len(model.buffers) - 1))
        operator = graph.operators[bias.operator]
        inputs = [int(index) for index in operator.inputs] + [-1] * (bias.position + 1 - len(operator.inputs))
        inputs[bias.position] = len(graph.tensors) - 1
        operator.inputs = np.array(inputs, np.int32)
    return pack(model, data)


def _tensor(bias: NewBias, buffer: int) -> Any:
    tables = schema()
    tensor = tables.TensorT()
    tensor.name = bias.name
    tensor.shape = np.array([bias.channels], np.int32)
    tensor.type = getattr(tables.TensorType, bias.dtype.upper())
    tensor.buffer = buffer
    if bias.scale:
        tensor.quantization = tables.QuantizationParametersT()
        tensor.quantization.scale = np.array(bias.scale, np.float32)
        tensor.quantization.zeroPoint = np.zeros(len(bias.scale), np.int64)
        tensor.quantization.quantizedDimension = 0
    return tensor
