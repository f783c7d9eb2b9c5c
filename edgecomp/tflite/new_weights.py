"""Giving the weights of an integer file other integers on another scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .edit import constant_buffer, drop_unused_buffers
from .model import Operator, Subgraph, Tensor
from .packing import AlignedBuffer, pack, unpack
from .reader import read_tflite

_OPERANDS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
"""Positions of the data, the weights and the bias among an operator's inputs."""

_LARGEST_BIAS = 2**31 - 1


@dataclass(frozen=True, eq=False)
class NewWeights:
    """What a tensor of weights shall hold.

    Args:
        values: int8, of the tensor's shape; -8 to 7 for an int4 tensor.
        scale: float32, real size of a step: as many as the tensor has, or one for all of them.
    """

    values: np.ndarray
    scale: np.ndarray


def with_weights(data: bytes, weights: Mapping[int, NewWeights]) -> bytes:
    """Puts integers and scales into a finished integer file.

    The biases of the operators that use a tensor are put on their new scale, which is the data's times the weights'.

    Args:
        data: a .tflite file.
        weights: by index of the tensor in the main graph; symmetric int8 or int4, of one operator each.

    Returns:
        the file; all else in it is as it was.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss; or a tensor is not what is said
            above, or what it shall hold does not fit it, or a bias does not fit its new scale.
    """
    if not weights:
        return data
    graph = read_tflite(data).main
    model = unpack(data)
    for index, new in weights.items():
        tensor, operator = graph.tensors[index], _user(graph, index)
        scale = _scale(tensor, new)
        _put(model, tensor, constant_buffer(tensor, new.values), scale)
        source, _, place = _OPERANDS[operator.name]
        if place >= len(operator.inputs) or operator.inputs[place] < 0:
            continue
        bias, feeding = graph.tensors[operator.inputs[place]], graph.tensors[operator.inputs[source]]
        if bias.quantization is not None and feeding.quantization is not None:
            unit = np.float32(feeding.quantization.scale[0]) * scale
            _put(model, bias, AlignedBuffer(_rescaled(bias, unit).view(np.uint8)), unit)
    drop_unused_buffers(model)
    return pack(model, data)


def _user(graph: Subgraph, index: int) -> Operator:
    users = [one for one in graph.operators if index in one.inputs]
    known = [one for one in users if one.name in _OPERANDS and one.inputs[_OPERANDS[one.name][1]] == index]
    if len(users) != 1 or not known:
        raise InputError(
            f"tensor {index} ({graph.tensors[index].name}) is not the weights of one convolution or dense layer alone"
        )
    return known[0]


def _scale(tensor: Tensor, new: NewWeights) -> np.ndarray:
    quantization = tensor.quantization
    if tensor.dtype not in ("int8", "int4") or quantization is None or any(quantization.zero_point):
        raise InputError(f"tensor {tensor.index} ({tensor.name}) does not hold symmetric int8 or int4 weights")
    given = np.asarray(new.scale, np.float32).reshape(-1)
    if len(given) not in (1, len(quantization.scale)) or not (np.isfinite(given) & (given > 0)).all():
        raise InputError(
            f"tensor {tensor.index} ({tensor.name}) has {len(quantization.scale)} scales; give as many positive "
            f"numbers or one, not {len(given)}"
        )
    scale: np.ndarray = np.broadcast_to(given, len(quantization.scale)).copy()
    return scale


def _rescaled(bias: Tensor, unit: np.ndarray) -> np.ndarray:
    """The bias's values in other steps; same dtype."""
    assert bias.quantization is not None
    stored = bias.values()
    real = stored.astype(np.float64) * np.array(bias.quantization.scale, np.float64)
    steps = np.rint(real / unit.astype(np.float64))
    if np.abs(steps).max(initial=0) > _LARGEST_BIAS:
        raise InputError(f"the bias {bias.name} does not fit steps of {float(unit.min()):g}; use a larger scale")
    rescaled: np.ndarray = steps.astype(stored.dtype)
    return rescaled


def _put(model: Any, tensor: Tensor, buffer: AlignedBuffer, scale: np.ndarray) -> None:
    model.buffers.append(buffer)
    stored = model.subgraphs[0].tensors[tensor.index]
    stored.buffer = len(model.buffers) - 1
    stored.quantization.scale = scale
    stored.quantization.zeroPoint = np.zeros(len(scale), np.int64)
