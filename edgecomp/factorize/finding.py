"""Finds the layers of a model that can be factorized, and says of the others why they stay."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from ..pruning.calls import Call, list_calls
from ..pruning.variables import layer_variables
from ..pruning.weight_uses import activation_macs, kernel_uses
from .layer import FactorableLayer

if TYPE_CHECKING:
    import keras


def find_layers(model: keras.Model) -> tuple[tuple[FactorableLayer, ...], dict[str, str]]:
    """The layers that can be made of smaller ones, and why the others with kernels cannot.

    Args:
        model: a functional model, flattened.

    Returns:
        the layers in the order of computation; and a phrase by the name of each other layer that multiplies.
    """
    by_layer: dict[str, list[Call]] = {}
    for call in list_calls(model):
        by_layer.setdefault(call.layer, []).append(call)
    found, reasons = [], {}
    for name, calls in by_layer.items():
        reason = _why_not(calls)
        if reason is None:
            found.append(_described(name, calls))
        elif _multiplies(calls[0]):
            reasons[name] = reason
    return tuple(found), reasons


def network_macs(model: keras.Model) -> int:
    """Multiply-accumulates of one inference, those of two activations included."""
    total = 0
    for call in list_calls(model):
        shapes, output = [tuple(one.shape) for one in call.inputs], tuple(call.outputs[0].shape)
        total += sum(uses * prod(kernel.shape) for kernel, uses in _kernels(call, shapes, output))
        total += activation_macs(call.operation, shapes, output)
    return total


def window_of(operation: Any) -> tuple[int, ...]:
    """Sizes of a layer's kernel; empty for a dense layer."""
    return tuple(getattr(operation, "kernel_size", ()))


def _why_not(calls: Sequence[Call]) -> str | None:
    """Why a layer stays as it is; None where it need not."""
    from keras import layers

    operation = calls[0].operation
    kind = type(operation)
    if kind not in (layers.Dense, layers.Conv1D, layers.Conv2D):
        return f"a {kind.__name__} has no form of low rank here"
    if getattr(operation, "data_format", "channels_last") != "channels_last":
        return "its channels come first"
    if operation.kernel_constraint is not None or operation.bias_constraint is not None:
        return "its weights are constrained"
    if not set(layer_variables(operation)) <= {"kernel", "bias"}:
        return "it has other weights than a kernel and a bias"
    if any(size is None for call in calls for one in (*call.inputs, *call.outputs) for size in one.shape[1:]):
        return "the size of what it reads is open"
    return None


def _described(name: str, calls: Sequence[Call]) -> FactorableLayer:
    layer = calls[0].operation
    *window, inputs, outputs = layer.kernel.shape
    groups = getattr(layer, "groups", 1)
    return FactorableLayer(
        name,
        tuple(window),
        inputs * groups,
        outputs,
        groups,
        tuple(getattr(layer, "strides", ())),
        tuple((tuple(one.inputs[0].shape[1:-1]), tuple(one.outputs[0].shape[1:-1])) for one in calls),
        layer.use_bias,
    )


def _multiplies(call: Call) -> bool:
    return bool(_kernels(call, [tuple(one.shape) for one in call.inputs], tuple(call.outputs[0].shape)))


def _kernels(call: Call, inputs: Sequence[tuple[int | None, ...]], output: tuple[int | None, ...]) -> Any:
    import keras

    return kernel_uses(call.operation, inputs, output) if isinstance(call.operation, keras.layers.Layer) else []
