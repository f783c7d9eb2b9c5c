"""The smaller model: every layer made anew with the channels that stay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Call, list_calls
from .channel_graph import ChannelGraph
from .copying import assign, copy_operation, values_of
from .indexing import kept_key
from .kept import Kept, Remaining
from .layer_sizes import resized
from .replay import assemble, run_calls

if TYPE_CHECKING:
    import keras


def remove_channels(
    model: keras.Model,
    graph: ChannelGraph,
    removed: Collection[int],
    *,
    additions: Mapping[str, np.ndarray] | None = None,
) -> keras.Model:
    """A model without some of its channels.

    Its outputs are those that `model` has once every weight that reads a removed channel is zero, and `additions` are
    added to its biases.

    Args:
        model: a functional model as `flatten` gives it; it is left as it is.
        graph: what `analyze` found in it.
        removed: numbers of channels; of each group in `graph` at least one has to stay.
        additions: float64 [outputs of `model`'s layer] by the name of a dense layer or convolution; one without a bias
            gets one.

    Returns:
        a new model of plain layers with the same names, inputs and outputs, trainable flags and dtype policies; not
        compiled.

    Raises:
        InputError: a channel cannot be removed, a group would have none left, or a layer cannot be made anew from its
            configuration.
    """
    additions = additions or {}
    calls = list_calls(model)
    remaining = Remaining(graph, removed, calls)
    first_calls = {call.layer: call for call in reversed(calls)}
    new = {}
    for name, call in first_calls.items():
        changes = resized(call.operation, remaining.at(call))
        new[name] = copy_operation(call.operation, {**changes, "use_bias": True} if name in additions else changes)

    def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        return _run(new[call.layer], arguments, keywords, remaining.at(call))

    inputs = [new[tensor._keras_history.operation.name].output for tensor in model.inputs]
    smaller = assemble(model, inputs, run_calls(model, inputs, run))
    for name, layer in new.items():
        call = first_calls[name]
        values = remaining.slice(name, values_of(call.operation))
        if name in additions:
            values = _with_bias(values, additions[name][remaining.at(call).outputs[0]])
        assign(layer, values)
    return smaller


def _with_bias(values: Mapping[str, np.ndarray], addition: np.ndarray) -> dict[str, np.ndarray]:
    """A layer's weights with something added to its bias, which it may not have had."""
    bias = values.get("bias", np.zeros(addition.shape, np.float32))
    return {**values, "bias": (bias + addition).astype(bias.dtype)}


def _run(operation: Any, arguments: list[Any], keywords: dict[str, Any], kept: Kept) -> Any:
    """Calls a new layer, and sees to it that it gives the channels that stay."""
    import keras

    if type(operation).__name__ == "GetItem":
        tensor, key = (*arguments, *keywords.values())
        arguments, keywords = [tensor, kept_key(key, len(tensor.shape), kept.inputs[0])], {}
    results = operation(*arguments, **keywords)
    for tensor, stays in zip(keras.tree.flatten(results), kept.outputs, strict=True):
        if stays.size and tensor.shape[-1] not in (None, int(stays.sum())):
            raise ValueError(
                f"{operation.name} gives {tensor.shape[-1]} channels, not the {int(stays.sum())} that stay"
            )
    return results
