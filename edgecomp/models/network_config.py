"""Parses a functional network's description into plain values: layers, their calls, and references between them.

Every version wrote this a little differently; the parser accepts them all:
- `[["a", 0, 0, {}], ["b", 0, 0, {}]]`: Keras 2, one entry a tensor, keyword arguments repeated in each;
- `["a", 0, 0, {"y": 2.0}]`: op layers, whose single argument is not wrapped in a list;
- `["_CONSTANT_VALUE", -1, 1.0, {"y": ["b", 0, 0]}]`: a number where a tensor could be;
- `{"args": [...], "kwargs": {...}}` with `__keras_tensor__` leaves: Keras 3;
- `input_layers` and `output_layers` as one reference, a list, a dict, or nested one level too deep.

A network nested in another counts its calls from 1 in some files and from 0 in others. Every call that was saved is
referenced by something, so the lowest index that occurs is the first call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .layer_configs import Config, plain

_CONSTANT = "_CONSTANT_VALUE"
_DAMAGED = "the network's description in the file is damaged or of an unknown kind"


@dataclass(frozen=True)
class Reference:
    """One output tensor of one call of a layer: layer name, index of the call as in the file, index of the tensor."""

    layer: str
    call: int
    tensor: int


@dataclass(frozen=True)
class Call:
    """One call of a layer; the arguments hold `Reference`s where tensors go."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class LayerEntry:
    """One layer of a network. Call number i of the file is `calls[i - first_call]`."""

    name: str
    class_name: str
    config: Any
    calls: tuple[Call, ...]
    first_call: int = 0


@dataclass(frozen=True)
class NetworkConfig:
    """A functional network: its layers by name in the file's order, its inputs and its outputs."""

    name: str | None
    layers: dict[str, LayerEntry]
    inputs: tuple[Reference, ...]
    outputs: tuple[Reference, ...]


def parse_network(config: Config) -> NetworkConfig:
    """Parses the `config` of a functional network.

    Raises:
        InputError: it is not the description of a network.
    """
    try:
        names = {str(layer.get("name") or layer["config"]["name"]) for layer in config["layers"]}
        entries = [_parse_layer(layer, names) for layer in config["layers"]]
        inputs = tuple(_references(_parse_value(config["input_layers"], names)))
        outputs = tuple(_references(_parse_value(config["output_layers"], names)))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise InputError(f"{_DAMAGED} ({type(error).__name__}: {error}): save the model again") from error
    if not inputs or not outputs:
        raise InputError(f"{_DAMAGED} (it has no inputs or no outputs): save the model again")
    first_calls = _first_calls(entries, outputs)
    layers = {
        entry.name: LayerEntry(entry.name, entry.class_name, entry.config, entry.calls, first_calls.get(entry.name, 0))
        for entry in entries
    }
    return NetworkConfig(config.get("name"), layers, inputs, outputs)


def call_references(call: Call) -> Iterator[Reference]:
    """Every tensor a call takes."""
    yield from _references((call.args, call.kwargs))


def _parse_layer(layer: Config, names: set[str]) -> LayerEntry:
    nodes = layer.get("inbound_nodes") or []
    calls = tuple(_parse_call(node, names) for node in nodes)
    name = str(layer.get("name") or layer["config"]["name"])
    return LayerEntry(name, str(layer["class_name"]), layer["config"], calls)


def _parse_call(node: Any, names: set[str]) -> Call:
    if isinstance(node, dict) and set(node) == {"args", "kwargs"}:
        return Call(tuple(_parse_value(node["args"], names)), _parse_value(node["kwargs"], names))
    kwargs: Config = {}
    argument = _parse_argument(node, names, kwargs)
    if isinstance(argument, list) and len(argument) == 1 and isinstance(node[0], list):
        argument = argument[0]
    return Call((argument,), {key: _parse_value(value, names) for key, value in kwargs.items()})


def _parse_argument(node: Any, names: set[str], kwargs: Config) -> Any:
    """The first argument of a Keras 2 call; the other arguments, which stand beside each tensor, go to `kwargs`."""
    if _is_reference(node, names) or (isinstance(node, list) and node and node[0] == _CONSTANT):
        if len(node) > 3:
            kwargs.update(node[3])
        if node[0] == _CONSTANT:
            return _parse_value(node[2], names)
        return Reference(node[0], int(node[1]), int(node[2]))
    if isinstance(node, list):
        return [_parse_argument(one, names, kwargs) for one in node]
    if isinstance(node, dict):
        return {key: _parse_argument(one, names, kwargs) for key, one in node.items()}
    raise ValueError(f"{node!r} is not a tensor")


def _parse_value(value: Any, names: set[str]) -> Any:
    """A value that may hold references at any depth."""
    if _is_reference(value, names):
        return Reference(value[0], int(value[1]), int(value[2]))
    if isinstance(value, list):
        return [_parse_value(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        name, call, tensor = value["config"]["keras_history"]
        return Reference(str(name), int(call), int(tensor))
    unwrapped = plain(value) if "class_name" in value else value
    if isinstance(unwrapped, tuple):
        return tuple(_parse_value(one, names) for one in unwrapped)
    if not isinstance(unwrapped, dict):
        return unwrapped
    return {key: _parse_value(one, names) for key, one in unwrapped.items()}


def _is_reference(value: Any, names: set[str]) -> bool:
    if not isinstance(value, list) or len(value) not in (3, 4) or not isinstance(value[0], str):
        return False
    return value[0] in names and all(isinstance(one, int) and not isinstance(one, bool) for one in value[1:3])


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, dict):
        for key in sorted(value, key=str):  # the order in which TensorFlow and Keras flatten a dict
            yield from _references(value[key])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _references(one)


def _first_calls(entries: list[LayerEntry], outputs: tuple[Reference, ...]) -> dict[str, int]:
    used: dict[str, int] = {}
    everything = [reference for entry in entries for call in entry.calls for reference in call_references(call)]
    for reference in (*everything, *outputs):
        used[reference.layer] = min(reference.call, used.get(reference.layer, reference.call))
    return used
