"""What a file says about a network's inputs: names, shapes, dtypes."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InputError
from .layer_configs import Config, plain
from .network_config import parse_network

Shape = tuple[int | None, ...]


def sequential_input(config: Config) -> tuple[str, str, Shape | None]:
    """Name, dtype and shape of a Sequential's input; the shape is None where the file does not say it."""
    entry: Any = {"class_name": "Sequential", "config": config}
    while True:
        inner = entry.get("config") or {}
        if entry["class_name"] == "InputLayer" or input_shape_of(inner) is not None:
            break
        if isinstance(inner, dict) and "input_layers" in inner:
            network = parse_network(inner)
            entry = {"class_name": "InputLayer", "config": network.layers[network.inputs[0].layer].config}
            continue
        layers = inner if isinstance(inner, list) else inner.get("layers") or []
        if not layers and isinstance(inner, dict) and isinstance(inner.get("layer"), dict):
            break
        if not layers:
            break
        entry = layers[0]
    inner = entry.get("config") or {}
    shape = input_shape_of(inner) if isinstance(inner, dict) else None
    if shape is None and isinstance(config.get("build_input_shape"), (list, tuple)):
        shape = tuple(plain(config["build_input_shape"]))
    name = str(inner.get("name") or "input") if isinstance(inner, dict) else "input"
    if entry["class_name"] != "InputLayer":
        name = f"{name}_input"  # what Keras 2 calls the input it makes for the first layer
    return name, input_dtype_of(inner if isinstance(inner, dict) else {}), shape


def input_shape_of(config: Any) -> Shape | None:
    """The shape of an input in the file, batch axis included."""
    if not isinstance(config, dict):
        return None
    for key in ("batch_input_shape", "batch_shape"):
        shape = plain(config.get(key))
        if isinstance(shape, (list, tuple)):
            return tuple(shape)
    shape = plain(config.get("input_shape"))
    return (None, *shape) if isinstance(shape, (list, tuple)) else None


def input_dtype_of(config: Config) -> str:
    """The dtype an input has; floats of other widths are opened as float32.

    Raises:
        InputError: the input takes strings, or is sparse or ragged.
    """
    for key in ("sparse", "ragged"):
        if config.get(key) is True and "batch_input_shape" in config:
            raise InputError(
                f"the input {config.get('name')} is {key}, and only dense inputs can be converted: give the model such"
            )
    dtype = config.get("dtype")
    if not isinstance(dtype, str) or not re.fullmatch(r"u?int(8|16|32|64)|bool|string", dtype):
        return "float32"
    if dtype == "string":
        raise InputError(
            f"the input {config.get('name')} takes text: move what turns text into numbers out of the model, "
            "and save the part that takes numbers"
        )
    return dtype
