"""Makes Keras 3 layers from Keras 2 configurations."""

from __future__ import annotations

import base64
import importlib
import inspect
import marshal
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import EdgecompError, InputError
from .custom import find_custom
from .layer_configs import ACTIVATION_NAMES, Config, plain, translate

# Options that hold another layer (or layers) of their own.
_NESTED_LAYER_KEYS = ("layer", "backward_layer", "cell", "cells")
_APPLICATION_LAYERS = {
    "LayerScale": "keras.src.applications.convnext",
    "StochasticDepth": "keras.src.applications.convnext",
}
_BASE_KEYS = frozenset({"name", "trainable", "activity_regularizer"})
_HARMLESS: tuple[Any, ...] = (None, False, "default", [], {})


@dataclass(frozen=True)
class Context:
    """What is known beside a layer's own configuration.

    Args:
        custom_objects: classes and functions the user supplies, by name.
        allow_code: whether the user allows code embedded in the file to be run.
        by_keras3: whether Keras 3 wrote the file, whose names then mean what they mean in Keras 3.
    """

    custom_objects: Mapping[str, Any] = field(default_factory=dict)
    allow_code: bool = False
    by_keras3: bool = False


BuildNetwork = Callable[[str, Config, Context], Any]


def create_layer(class_name: str, config: Config, context: Context, build_network: BuildNetwork) -> Any:
    """Makes the Keras 3 layer that computes what a Keras 2 layer did.

    Args:
        class_name: the layer's class as the file says.
        config: the layer's configuration as the file says.
        context: custom classes, and whether embedded code may be run.
        build_network: builds a network nested in the layer (such as `TimeDistributed` of a model).

    Raises:
        InputError: the class is not known, or an option has no counterpart.
    """
    import keras

    custom = find_custom(context.custom_objects, class_name)
    if custom is not None:
        return _create_custom(custom, config)
    if class_name == "Lambda":
        return _create_lambda(config, context)
    wanted = translate(class_name, config, by_keras3=context.by_keras3)
    layer_class = getattr(keras.layers, wanted.class_name, None) or _application_layer(wanted.class_name)
    if not inspect.isclass(layer_class) or not issubclass(layer_class, keras.layers.Layer):
        raise unknown_class("layer", class_name, config.get("name"))
    arguments = {key: _argument(key, value, context, build_network) for key, value in wanted.config.items()}
    accepted = _accepted(layer_class, arguments, class_name)
    try:
        return layer_class(**accepted)
    except EdgecompError:
        raise
    except Exception as error:
        raise InputError(
            f"the layer {config.get('name')} ({class_name}) cannot be rebuilt: {first_line(error)}"
        ) from error


def _application_layer(class_name: str) -> Any:
    """A layer that keras.applications defines for one family of networks and does not export."""
    module = _APPLICATION_LAYERS.get(class_name)
    return getattr(importlib.import_module(module), class_name, None) if module else None


def unknown_class(kind: str, class_name: str, where: Any) -> InputError:
    """The error for a class or function that has to be supplied by the user."""
    return InputError(
        f"the {kind} {where or class_name} is a custom one ({class_name}), which the file does not contain: "
        "name the Python module that defines it with --custom-objects package.module"
    )


def hard_sigmoid_keras2() -> Callable[[Any], Any]:
    """Keras 2's `hard_sigmoid`, clip(0.2 x + 0.5, 0, 1); Keras 3 gave the name to relu6(x + 3) / 6.

    Returns:
        a function registered with Keras, so that a network with it can be saved and cloned.
    """
    import keras

    registered = keras.saving.get_registered_object("edgecomp>hard_sigmoid_keras2")
    if registered is not None:
        return registered  # type: ignore[no-any-return]

    def hard_sigmoid_keras2(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

    return keras.saving.register_keras_serializable("edgecomp", "hard_sigmoid_keras2")(  # type: ignore[no-any-return]
        hard_sigmoid_keras2
    )


def _argument(key: str, value: Any, context: Context, build_network: BuildNetwork) -> Any:
    if key in ("activation", "recurrent_activation"):
        return _activation(value, context, build_network)
    if key.endswith("_regularizer"):
        return _known_object("regularizers", value, context)
    if key.endswith("_constraint"):
        return _known_object("constraints", value, context)
    if key in _NESTED_LAYER_KEYS:
        return _nested_layer(value, context, build_network)
    return value


def _activation(value: Any, context: Context, build_network: BuildNetwork) -> Any:
    import keras

    if isinstance(value, dict):
        if value.get("class_name") != "function":
            return _nested_layer(value, context, build_network)
        value = value.get("config")
    if value is None:
        return None
    custom = find_custom(context.custom_objects, value)
    if custom is not None:
        return custom
    name = value if context.by_keras3 else ACTIVATION_NAMES.get(value, value)
    if name == "hard_sigmoid_keras2":
        return hard_sigmoid_keras2()
    try:
        return keras.activations.get(name)
    except (ValueError, TypeError) as error:
        raise unknown_class("activation", str(value), None) from error


def _known_object(kind: str, value: Any, context: Context) -> Any:
    """A regularizer or constraint. They only matter for further training, so an unknown one is left out."""
    import keras

    if value is None:
        return None
    namespace = getattr(keras, kind)
    if isinstance(value, str):
        value = {"class_name": value, "config": {}}
    custom = find_custom(context.custom_objects, value.get("class_name"))
    found = custom or getattr(namespace, str(value.get("class_name")), None)
    try:
        return found(**plain(value.get("config") or {})) if found is not None else None
    except (TypeError, ValueError):
        return None


def _nested_layer(value: Any, context: Context, build_network: BuildNetwork) -> Any:
    if isinstance(value, list):
        return [_nested_layer(one, context, build_network) for one in value]
    if not isinstance(value, dict) or "class_name" not in value:
        return value
    class_name, config = str(value["class_name"]), value.get("config") or {}
    if is_network(class_name, config):
        return build_network(class_name, config, context)
    return create_layer(class_name, config, context, build_network)


def is_network(class_name: str, config: Any) -> bool:
    """Whether a layer entry is a nested network; subclasses of Model that are functional count."""
    if class_name == "Sequential":
        return True
    if isinstance(config, list):  # a Sequential of Keras before 2.2.3 is a bare list of layers
        return True
    return isinstance(config, dict) and "layers" in config and "output_layers" in config


def _accepted(layer_class: type, arguments: Config, class_name: str) -> Config:
    """Keeps the options the layer takes; refuses to drop one that could matter."""
    known = _parameters(layer_class)
    for key, value in arguments.items():
        if key not in known | _BASE_KEYS and value not in _HARMLESS:
            raise InputError(
                f"the layer {arguments.get('name')} ({class_name}) has the option {key}={value!r}, "
                "which Keras 3 does not have: rebuild the model without it and save it again"
            )
    return {key: value for key, value in arguments.items() if key in known}


def _parameters(layer_class: type) -> set[str]:
    """The keyword arguments a layer class takes, its base classes' included as far as it passes them on."""
    known: set[str] = set()
    for base in inspect.getmro(layer_class):
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            known |= set(parameters)
            if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
                break
            known |= _BASE_KEYS
    return known


def _create_custom(custom: Any, config: Config) -> Any:
    """A layer of the user's own class; it gets its configuration as it is, but as float32."""
    kept = {key: plain(value) for key, value in config.items() if key not in ("dtype", "batch_input_shape")}
    try:
        return custom.from_config(kept) if hasattr(custom, "from_config") else custom(**kept)
    except Exception as error:
        raise InputError(
            f"the custom layer {config.get('name')} ({custom.__name__}) cannot be made from its configuration: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error


def _create_lambda(config: Config, context: Context) -> Any:
    """A Lambda layer: its function comes from the user by name, or is code in the file."""
    import keras

    name, function = config.get("name"), config.get("function")
    if isinstance(function, str):
        found = find_custom(context.custom_objects, function)
        if found is None:
            raise unknown_class(f"function of the Lambda layer {name}", function, function)
    elif not context.allow_code:
        raise embedded_code(f"the Lambda layer {name}")
    else:
        found = _unmarshal(function, name, context)
    output_shape = plain(config.get("output_shape")) if config.get("output_shape_type", "raw") == "raw" else None
    return keras.layers.Lambda(
        found,
        output_shape=tuple(output_shape) if isinstance(output_shape, (list, tuple)) else None,
        arguments=plain(config.get("arguments") or {}),
        name=name,
    )


def embedded_code(where: str) -> InputError:
    """The error for a file that carries Python code of its own."""
    return InputError(
        f"{where} is Python code stored inside the file; opening it runs that code: "
        "give --allow-code if you trust where the file comes from"
    )


def _unmarshal(function: Any, name: Any, context: Context) -> Any:
    """The function of a Lambda layer, stored as [bytecode, defaults, closure]."""
    import keras
    import numpy as np
    import tensorflow as tf

    legacy = getattr(keras, "_legacy", keras).backend  # Keras 2's backend functions, such as K.mean
    try:
        if isinstance(function, dict):
            inner = function.get("config", function)
            function = [inner["code"], inner.get("defaults"), inner.get("closure")]
        code = marshal.loads(base64.b64decode(function[0]))
        names = {"tf": tf, "tensorflow": tf, "np": np, "numpy": np, "keras": keras, "K": legacy}
        scope = {"__builtins__": __builtins__, "backend": legacy, **names, **context.custom_objects}
        closure = tuple(types.CellType(value) for value in function[2]) if function[2] else None
        defaults = tuple(plain(value) for value in function[1]) if function[1] else None
        return types.FunctionType(code, scope, code.co_name, defaults, closure)
    except (ValueError, EOFError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InputError(
            f"the code of the Lambda layer {name} was written by another version of Python and cannot be read here: "
            "rebuild the model without Lambda layers and save it again"
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, short enough for one line."""
    return str(error).strip().split("\n", 1)[0][:300]
