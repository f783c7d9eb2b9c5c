"""Takes a model handed over in Python, without changing it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgecompError, InputError
from .keras3_config import for_inference
from .layers import Context, first_line, hard_sigmoid_keras2
from .signature import FixInput


def take_model(model: Any, fix_input: FixInput, given_shape: bool) -> tuple[Any, tuple[str, ...]]:
    """The model, or a copy of it in float32, for any batch, with every size known.

    Args:
        model: a Keras 3 model, or one of Keras 2 (`tf_keras`).
        fix_input: gives each input's shape, batch axis included, from its name and its own shape.
        given_shape: whether the user gave a shape.

    Raises:
        InputError: it is not a Keras model, is not built, or cannot be copied.
    """
    import keras

    if type(model).__module__.split(".")[0] == "tf_keras" or any(
        base.__module__.split(".")[0] == "tf_keras" for base in type(model).__mro__
    ):
        return _from_keras2(model, fix_input)
    if not isinstance(model, keras.Model):
        raise InputError(f"a keras.Model is wanted, not a {type(model).__name__}")
    if not model.built and not given_shape:
        raise InputError("the model has not been built: call it on data once, or start it with keras.Input")
    if not getattr(model, "inputs", None):
        shape = fix_input("input", ())
        given = keras.Input(batch_shape=(None, *shape[1:]), name="input")
        return keras.Model(given, model(given), name=model.name), ()
    for name in (str(layer.dtype_policy.name) for layer in _all_layers(model)):
        if "_from_" in name:
            raise InputError(f"the model was quantized by Keras ({name}): give the model as it was before, in float32")
    shapes = [fix_input(tensor.name, tuple(tensor.shape)) for tensor in model.inputs]
    if not _needs_copy(model, shapes):
        return model, ()
    return _copy(model, fix_input)


def weights_digest(model: Any) -> str:
    """SHA-256 of the weights: paths, shapes, dtypes and values, as hexadecimal digits."""
    digest = hashlib.sha256()
    for variable in model.weights:
        value = np.ascontiguousarray(np.asarray(variable))
        digest.update(f"{variable.path} {value.shape} {value.dtype}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _from_keras2(model: Any, fix_input: FixInput) -> tuple[Any, tuple[str, ...]]:
    from .legacy import open_legacy

    custom = {type(layer).__name__: type(layer) for layer in _all_layers(model) if not _is_builtin(layer)}
    with tempfile.TemporaryDirectory(prefix="edgecomp-") as folder:
        path = Path(folder) / "model.h5"
        try:
            model.save(path, include_optimizer=False)
        except Exception as error:
            raise InputError(f"the Keras 2 model cannot be saved as .h5 ({first_line(error)})") from error
        rebuilt, _, notes = open_legacy(path, Context(custom_objects=custom, allow_code=True), fix_input)
    return rebuilt, notes


def _needs_copy(model: Any, shapes: list[tuple[int | None, ...]]) -> bool:
    layers = list(_all_layers(model))
    if any(str(layer.dtype_policy.name) != "float32" for layer in layers if hasattr(layer, "dtype_policy")):
        return not all(_takes_integers(layer) for layer in layers if str(layer.dtype_policy.name) != "float32")
    if any(getattr(layer, "stateful", False) for layer in layers):
        return True
    return any(tuple(tensor.shape) != (None, *shape[1:]) for tensor, shape in zip(model.inputs, shapes, strict=True))


def _takes_integers(layer: Any) -> bool:
    return type(layer).__name__ == "InputLayer" or not str(layer.dtype_policy.name).startswith(
        ("mixed", "float", "bfloat")
    )


def _copy(model: Any, fix_input: FixInput) -> tuple[Any, tuple[str, ...]]:
    import keras

    hard_sigmoid_keras2()
    custom = {type(layer).__name__: type(layer) for layer in _all_layers(model) if not _is_builtin(layer)}
    registered = {keras.saving.get_registered_name(one): one for one in custom.values()}
    try:
        config, notes = for_inference(keras.saving.serialize_keras_object(model), fix_input)
        with keras.saving.custom_object_scope({**custom, **registered}):
            copied = keras.saving.deserialize_keras_object(config, safe_mode=False)
        copied.set_weights(model.get_weights())
    except EdgecompError:
        raise
    except Exception as error:
        raise InputError(f"the model cannot be copied to float32 and a batch of 1: {first_line(error)}") from error
    return copied, notes


def _all_layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)
        elif hasattr(layer, "layer") and hasattr(layer.layer, "weights"):
            yield layer.layer


def _is_builtin(layer: Any) -> bool:
    return type(layer).__module__.split(".")[0] in ("keras", "tf_keras")
