"""The scaling at the input of a Keras model, followed through resizing, augmentation and nested models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .scaling import IDENTITY, Scaling

_PASSED = frozenset(
    {"InputLayer", "Identity", "Resizing", "CenterCrop", "ZeroPadding2D", "Cropping2D", "UpSampling2D", "Reshape"}
    | {"Permute", "Flatten", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"}
    | {"Cast", "Transpose", "ExpandDims", "Squeeze", "Pad", "Resize", "Concatenate", "RepeatVector", "Activation"}
)
"""Layers and operations that change where values are, or change them in training only."""


def keras_scaling(model: Any, position: int = 0) -> Scaling:
    """The scaling that a model applies to one of its inputs.

    Args:
        model: a functional or Sequential `keras.Model`.
        position: of the input.

    Returns:
        `IDENTITY` where the first layer is another.
    """
    network = _network(model)
    if network is None:
        return IDENTITY
    return _follow(network, network.inputs[position], IDENTITY)[0]


def _follow(network: Any, tensor: Any, so_far: Scaling) -> tuple[Scaling, bool]:
    """Follows a tensor while it is only scaled; tells also whether it came out of the network's end."""
    consumers = _consumers(network)
    while True:
        if any(tensor is output for output in network.outputs):
            return so_far, True
        nodes = consumers.get(id(tensor), [])
        if len(nodes) != 1 or len(nodes[0].outputs) != 1 or any(one is not tensor for one in nodes[0].input_tensors):
            return so_far, False
        node = nodes[0]
        step = _step(node, so_far)
        if step is None:
            return so_far, False
        so_far, through = step
        if not through:
            return so_far, False
        tensor = node.outputs[0]


def _step(node: Any, so_far: Scaling) -> tuple[Scaling, bool] | None:
    """The scaling with one more operation, and whether what follows still belongs to the input; None to stop."""
    operation = node.operation
    nested = _network(operation)
    if nested is not None:
        return _follow(nested, nested.inputs[0], so_far) if len(nested.inputs) == 1 else None
    kind = type(operation).__name__
    if kind == "Activation" and getattr(operation.activation, "__name__", "") != "linear":
        return None
    if kind in _PASSED or kind.startswith("Random"):
        return so_far, True
    affine = _affine(kind, operation, node)
    return None if affine is None else (so_far.then(*affine, operation.name), True)


def _affine(kind: str, operation: Any, node: Any) -> tuple[np.ndarray, np.ndarray] | None:
    if kind == "Rescaling":
        return _numbers(operation.scale), _numbers(operation.offset)
    if kind == "Normalization":
        return _normalization(operation)
    if kind in ("Multiply", "Divide", "TrueDivide", "Add", "Subtract"):
        return _arithmetic(kind, node)
    return None


def _normalization(layer: Any) -> tuple[np.ndarray, np.ndarray] | None:
    mean, variance = getattr(layer, "mean", None), getattr(layer, "variance", None)
    if mean is None or variance is None:
        return None
    center, spread = _numbers(mean).reshape(-1), np.maximum(np.sqrt(_numbers(variance).reshape(-1)), 1e-7)
    return (spread, center) if layer.invert else (1 / spread, -center / spread)


def _arithmetic(kind: str, node: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """An operation of the tensor and a constant; the arguments may be given by position or as x1, x2."""
    arguments = [*node.arguments.args, *node.arguments.kwargs.values()]
    is_tensor = [hasattr(one, "_keras_history") for one in arguments]
    if len(arguments) != 2 or sum(is_tensor) != 1:
        return None
    tensor_first = is_tensor[0]
    try:
        constant = _numbers(arguments[1 if tensor_first else 0])
    except (TypeError, ValueError):
        return None
    if constant.size > 1 and constant.size != constant.shape[-1]:
        return None  # one number a pixel: not a scaling of channels
    constant, one = constant.reshape(-1), np.ones(1)
    if kind == "Multiply":
        return constant, 0 * one
    if kind == "Add":
        return one, constant
    if kind == "Subtract":
        return (one, -constant) if tensor_first else (-one, constant)
    return (1 / constant, 0 * one) if tensor_first and np.all(constant != 0) else None


def _numbers(value: Any) -> np.ndarray:
    return np.asarray(value, np.float64)


def _network(operation: Any) -> Any | None:
    """The graph of a functional or Sequential model, or None for anything else."""
    if hasattr(operation, "_functional"):  # Sequential, once it is built
        operation = operation._functional
    return operation if hasattr(operation, "operations") and hasattr(operation, "inputs") else None


def _consumers(network: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for node in _nodes(network):
        for key in {id(tensor) for tensor in node.input_tensors}:
            found.setdefault(key, []).append(node)
    return found


def _nodes(network: Any) -> Iterator[Any]:
    for nodes in network._nodes_by_depth.values():
        yield from (node for node in nodes if not node.is_input)
