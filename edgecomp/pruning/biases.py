"""Gives layers of a network a bias, or another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Call, list_calls
from .copying import assign, copy_operation, values_of
from .replay import assemble, run_calls

if TYPE_CHECKING:
    import keras


def add_to_biases(model: keras.Model, additions: Mapping[str, np.ndarray]) -> keras.Model:
    """A copy of a network with something added to the outputs of some of its layers, before their activations.

    Args:
        model: a functional model.
        additions: float64 [outputs] by the name of a dense layer or convolution. One without a bias gets one.
    """
    calls = list_calls(model)
    operations = {call.layer: call.operation for call in calls}
    copies = {
        name: copy_operation(operation, {"use_bias": True} if name in additions else None)
        for name, operation in operations.items()
    }

    def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        return copies[call.layer](*arguments, **keywords)

    inputs = [copies[tensor._keras_history.operation.name].output for tensor in model.inputs]
    changed = assemble(model, inputs, run_calls(model, inputs, run))
    for name, operation in operations.items():
        values = values_of(operation)
        if name in additions:
            bias = values.get("bias", np.zeros(additions[name].shape, np.float32))
            values["bias"] = (bias + additions[name]).astype(bias.dtype)
        assign(copies[name], values)
    return changed
