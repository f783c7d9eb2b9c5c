"""What is done to a Keras 3 model's description before Keras reads it: checked, and set to float32 and any batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import InputError
from .custom import find_custom
from .layer_configs import Config
from .layers import Context, embedded_code, unknown_class
from .signature import FixInput

# Where the parts of a network come from. Keras would import other modules too, and call what it finds there.
_SAFE_MODULES = (
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.mixed_precision",
    "keras.models",
    "keras.ops",
    "keras.quantizers",
    "keras.random",
    "keras.regularizers",
    "keras.applications",
)
_CODE_CLASSES = frozenset({"__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
_TEXT_CLASSES = frozenset({"TextVectorization", "StringLookup", "IntegerLookup", "HashedCrossing"})
_REDUCED = frozenset({"mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"})


def check_safe(config: Config, context: Context) -> None:
    """Refuses what would run code from the file, or what the user has to supply.

    Raises:
        InputError: there is embedded code and it is not allowed, a custom class, or a layer for text.
    """
    for part in _parts(config):
        class_name, module = str(part["class_name"]), part.get("module")
        inner = part.get("config")
        where = inner.get("name") if isinstance(inner, dict) else None
        if class_name in _CODE_CLASSES:
            if not context.allow_code:
                raise embedded_code(f"a part of the model ({'Lambda' if class_name == '__lambda__' else class_name})")
            continue
        if class_name in _TEXT_CLASSES:
            raise InputError(
                f"the layer {where} ({class_name}) looks values up in a table: move it out of the model, "
                "and save the part that takes numbers"
            )
        if isinstance(module, str) and not _is_safe(module) and not _is_supplied(part, context):
            kind = "function" if class_name == "function" else "layer"
            raise unknown_class(kind, str(inner) if class_name == "function" else class_name, where)
        if class_name in ("QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy"):
            raise InputError(
                "the model was quantized by Keras (model.quantize): give the model as it was before, in float32"
            )


def find_unknown(config: Config, context: Context) -> InputError | None:
    """The error for the first class that is not part of Keras and was not supplied, if there is one."""
    for part in _parts(config):
        if isinstance(part.get("registered_name"), str) and not _is_supplied(part, context):
            inner = part.get("config")
            return unknown_class(
                "layer", str(part["class_name"]), inner.get("name") if isinstance(inner, dict) else None
            )
    return None


def for_inference(config: Config, fix_input: FixInput) -> tuple[Config, tuple[str, ...]]:
    """The description set to float32, any batch size, no state between calls, and without what training needs.

    Args:
        config: as in the file; not changed.
        fix_input: gives each input's shape, batch axis included, from its name and its shape in the file.

    Returns:
        the new description, and sentences a user should read.
    """
    notes: list[str] = []
    plain = {key: value for key, value in config.items() if key not in ("compile_config", "build_config")}
    if "layers" not in (config.get("config") or {}):
        plain = {key: value for key, value in config.items() if key != "compile_config"}
    current = _float32(plain, notes)
    current = _stateless(current, notes)
    inner = current.get("config")
    if isinstance(inner, dict) and isinstance(inner.get("layers"), list):
        current = {**current, "config": _with_inputs(inner, fix_input)}
    return current, tuple(dict.fromkeys(notes))


def _with_inputs(config: Config, fix_input: FixInput) -> Config:
    layers = [_with_input(layer, fix_input) for layer in config["layers"]]
    if layers and layers[0].get("class_name") != "InputLayer" and "build_input_shape" in config:
        shape = config["build_input_shape"]
        if isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape):
            return {**config, "layers": layers, "build_input_shape": list(fix_input("input", tuple(shape)))}
    return {**config, "layers": layers}


def _with_input(layer: Config, fix_input: FixInput) -> Config:
    if layer.get("class_name") != "InputLayer":
        return layer
    inner = layer["config"]
    name = str(inner.get("name"))
    if inner.get("dtype") == "string":
        raise InputError(
            f"the input {name} takes text: move what turns text into numbers out of the model, "
            "and save the part that takes numbers"
        )
    for key in ("sparse", "ragged"):
        if inner.get(key):
            raise InputError(f"the input {name} is {key}, and only dense inputs can be converted: give the model such")
    key = "batch_shape" if "batch_shape" in inner else "batch_input_shape"
    shape = fix_input(name, tuple(inner[key]))
    return {**layer, "config": {**inner, key: [None, *shape[1:]]}}


def _float32(value: Any, notes: list[str]) -> Any:
    """Weights are float32 (or become it); what only sped training up would leave casts in the exported file."""
    if isinstance(value, list):
        return [_float32(one, notes) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("DTypePolicy", "Policy") and isinstance(value.get("config"), dict):
        name = value["config"].get("name")
        if name in _REDUCED:
            notes.append(f"the model computes in {name}; it is opened, and exported, as float32")
            return {**value, "config": {**value["config"], "name": "float32"}}
        return value
    return {
        key: "float32" if key == "dtype" and isinstance(one, str) and one in _REDUCED else _float32(one, notes)
        for key, one in value.items()
    }


def _stateless(value: Any, notes: list[str]) -> Any:
    if isinstance(value, list):
        return [_stateless(one, notes) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("stateful") is True:
        notes.append(f"the layer {value.get('name')} keeps state between calls; converted, each call starts afresh")
        value = {**value, "stateful": False}
    return {key: _stateless(one, notes) for key, one in value.items()}


def _parts(value: Any) -> Iterator[Config]:
    """Every serialized object in a description."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str) and "config" in value:
            yield value
        for key, one in value.items():
            if key != "compile_config":
                yield from _parts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _parts(one)


def _is_safe(module: str) -> bool:
    plain = module.replace("keras.src.", "keras.", 1)
    return plain in ("keras", "builtins") or any(plain == one or plain.startswith(one + ".") for one in _SAFE_MODULES)


def _is_supplied(part: Config, context: Context) -> bool:
    import keras

    inner = part.get("config")
    name = inner if part["class_name"] == "function" and isinstance(inner, str) else part["class_name"]
    registered = part.get("registered_name")
    registered = registered if isinstance(registered, str) else None
    if find_custom(context.custom_objects, str(name), registered) is not None:
        return True
    return registered is not None and keras.saving.get_registered_object(registered) is not None
