"""Which Keras layer an operator of a .tflite came from, as far as its tensors' names tell."""

from __future__ import annotations

import re
from collections.abc import Collection

from .model import Subgraph, TfliteModel

# What the converter puts around names that is no layer.
_NOT_A_SCOPE = re.compile(r"^(StatefulPartitionedCall(_\d+)?(:\d+)?|PartitionedCall(_\d+)?(:\d+)?|Identity(_\d+)?)$")
# Last part of the name of an operation that multiplies by weights. Fused names list it beside what was fused into it.
_WEIGHTED = re.compile(
    r"^(conv\w*|separable_conv2d|depthwise\w*|matmul|tensordot|einsum|dense)(_\d+)?\d*(/.*)?$", re.IGNORECASE
)
# A composed operation of TensorFlow, which opens a scope of its own inside its layer's; the first such layer of a model
# has the same name.
_COMPOSED = "separable_conv2d"
# TensorFlow makes a scope unique by appending a number each time a layer is called.
_CALL_NUMBER = re.compile(r"_\d+$")


def layer_of(tensor_name: str, layer_names: Collection[str] = ()) -> str | None:
    """The Keras layer that a tensor's name points to.

    Names look like "functional_1/block_1_conv1_1/convolution;functional_1/bn_1/...": operations fused into one, each
    as scopes of model and layer, with a number for the call.

    Args:
        tensor_name: as stored in the file.
        layer_names: the model's layers, if known. Without them the second scope is taken for the layer, and one
            number at its end for the call's.

    Returns:
        The layer's name, or None where the name tells none. With fused operations the one that has the weights.
    """
    parts = [_scopes(part) for part in tensor_name.split(";")]
    weighted_first = sorted(parts, key=lambda scopes: not (scopes and _WEIGHTED.match(scopes[-1])))
    found = (_layer(scopes, frozenset(layer_names)) for scopes in weighted_first)
    return next((layer for layer in found if layer is not None), None)


def operator_layers(graph: Subgraph, layer_names: Collection[str] = ()) -> tuple[str | None, ...]:
    """The layer of each operator: by the names of its outputs; where they tell none, by those of its weights."""
    known = frozenset(layer_names)
    unpacked = {index for one in graph.operators if one.name == "DEQUANTIZE" for index in one.outputs}
    layers = []
    for operator in graph.operators:
        outputs = [tensor.name for tensor in graph.tensors_of(operator.outputs)]
        inputs = graph.tensors_of(operator.inputs)
        weights = [tensor.name for tensor in inputs if tensor.is_constant or tensor.index in unpacked]
        candidates = (layer_of(name, known) for name in outputs + weights)
        layers.append(next((layer for layer in candidates if layer is not None), None))
    return tuple(layers)


def tensor_layers(model: TfliteModel, layer_names: Collection[str] = ()) -> dict[str, str]:
    """Tensor name to Keras layer name, for the main graph's tensors whose names tell."""
    found = {tensor.name: layer_of(tensor.name, layer_names) for tensor in model.main.tensors}
    return {name: layer for name, layer in found.items() if layer is not None}


def _scopes(name: str) -> list[str]:
    return [scope for scope in name.split("/") if scope and not _NOT_A_SCOPE.match(scope)]


def _layer(scopes: list[str], known: frozenset[str]) -> str | None:
    if known:
        inwards = [(scope, match) for scope in scopes if (match := _known(scope, known)) is not None]
        if len(inwards) > 1 and inwards[-1][0] == _COMPOSED:
            inwards.pop()
        return inwards[-1][1] if inwards else None
    if len(scopes) < 3:  # model / layer / operation
        return None
    return _CALL_NUMBER.sub("", scopes[1])


def _known(scope: str, known: frozenset[str]) -> str | None:
    """The scope's layer; "dense_1" is a call of "dense" where that exists, since calls always carry a number."""
    called = _CALL_NUMBER.sub("", scope)
    if called in known and called != scope:
        return called
    return scope if scope in known else None
