"""Makes new layers after old ones, from their configurations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from .variables import layer_variables


def copy_operation(operation: Any, changes: Mapping[str, Any] | None = None) -> Any:
    """A new layer or operation, without the old one's weights.

    Args:
        operation: a layer, an input, or an operation of `keras.ops`.
        changes: entries of the configuration that are to be others.

    Raises:
        InputError: it cannot be made from its configuration.
    """
    import keras

    try:
        config = _unbuilt({**operation.get_config(), **(changes or {})})
        with keras.saving.custom_object_scope(_functions(operation)):
            if isinstance(operation, keras.layers.Lambda):
                copied = type(operation).from_config(config, safe_mode=False)  # its code has been running here already
            else:
                copied = type(operation).from_config(config)
    except Exception as error:
        raise InputError(
            f"the layer {operation.name} ({type(operation).__name__}) cannot be made anew from its configuration "
            f"({str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__}): "
            "replace it by a layer of Keras, or give it a get_config"
        ) from error
    copied.name = config.get("name", operation.name)  # some operations of keras.ops do not take a name
    return copied


def assign(layer: Any, values: Mapping[str, np.ndarray]) -> None:
    """Sets the weights of a layer that nobody else has yet.

    Args:
        layer: a layer whose variables exist.
        values: the value of each variable, by its path within the layer.

    Raises:
        ValueError: the variables are others, or of another shape.
    """
    variables = layer_variables(layer)
    if list(variables) != list(values):
        raise ValueError(f"the new layer {layer.name} has the weights {list(variables)}, the old one {list(values)}")
    for path, variable in variables.items():
        if tuple(variable.shape) != values[path].shape:
            raise ValueError(f"{layer.name}/{path} has the shape {tuple(variable.shape)}, not {values[path].shape}")
        variable.assign(values[path])
    if hasattr(layer, "finalize_state"):  # a Normalization computes with constants made of its weights
        layer.finalize_state()


def values_of(layer: Any) -> dict[str, np.ndarray]:
    """The values of a layer's weights by their path within the layer."""
    return {path: np.asarray(variable) for path, variable in layer_variables(layer).items()}


def _unbuilt(config: Any) -> Any:
    """A configuration without the shapes that layers inside were built for: they are built anew when called."""
    if isinstance(config, dict):
        return {key: _unbuilt(value) for key, value in config.items() if key != "build_config"}
    if isinstance(config, list):
        return [_unbuilt(one) for one in config]
    return config


def _functions(operation: Any) -> dict[str, Any]:
    """The functions a layer holds, such as a user's activation, by the names configurations have for them."""
    held = (value for value in vars(operation).values() if isinstance(value, types.FunctionType))
    return {function.__name__: function for function in held if not function.__module__.startswith("keras.")}
