"""Rebuilds a Keras 2 network as a native Keras 3 one, by making each layer and calling it as the file says.

Calls are replayed on demand, from the outputs back: what the outputs do not need (losses added to the network, say)
is never built.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import EdgecompError, InputError
from .layer_configs import Config, plain
from .layers import Context, create_layer, is_network
from .network_config import Call, LayerEntry, NetworkConfig, Reference, call_references, parse_network
from .tf_ops import composite_for

Shape = tuple[int | None, ...]

_RECURRENT = frozenset(
    """RNN SimpleRNN LSTM GRU CuDNNLSTM CuDNNGRU UnifiedLSTM UnifiedGRU ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Bidirectional""".split()
)


@dataclass(frozen=True, eq=False)
class BuiltLayer:
    """A layer that was made, with what its weights in the file need to know.

    Args:
        name: the layer's name in the file.
        class_name: the layer's class in the file.
        trainable: the flag in the file; Keras 2 stores trainable weights before the others.
        layer: the Keras 3 layer or network; None where ops took its place.
        archive_name: what the layer is called in the weights of a .keras file.
        children: the layers of a nested network, in the file's order; empty for a single layer.
    """

    name: str
    class_name: str
    trainable: bool
    layer: Any | None
    archive_name: str = ""
    children: tuple[BuiltLayer, ...] = ()


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A network as rebuilt: the Keras 3 model, and its layers as the file names them.

    Args:
        model: the Keras 3 model.
        layers: in the file's order; those the outputs do not need are left out.
        unused: names of the layers that were left out.
        notes: sentences a user should read.
    """

    model: Any
    layers: tuple[BuiltLayer, ...]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def build_network(
    class_name: str, config: Any, context: Context, fix_input: Callable[[str, Shape], Shape] | None = None
) -> BuiltNetwork:
    """Rebuilds a network.

    Args:
        class_name: "Sequential", or anything else for a functional network.
        config: its configuration in the file.
        context: custom classes, and whether embedded code may be run.
        fix_input: gives the shape of each input (batch axis included) from its name and its shape in the file; None
            keeps the file's, as nested networks do.

    Raises:
        InputError: the network cannot be rebuilt; the message names the layer.
    """
    if class_name == "Sequential" or isinstance(config, list):
        return _Sequential(config, context, fix_input).build()
    return _Functional(parse_network(config), context, fix_input).build()


def clean_name(name: str) -> str:
    """A layer name that Keras 3 takes: it uses "/" for paths."""
    return name.replace("/", "_")


def unique_names(names: list[str]) -> dict[str, str]:
    """Maps each name to one Keras 3 takes, all different."""
    taken: set[str] = set()
    mapping: dict[str, str] = {}
    for name in names:
        candidate, counter = clean_name(name), 0
        while candidate in taken:
            counter += 1
            candidate = f"{clean_name(name)}_{counter}"
        taken.add(candidate)
        mapping[name] = candidate
    return mapping


def archive_names(class_names: Sequence[str]) -> list[str]:
    """What layers of these classes, in this order, are called inside a .keras file: `conv2d`, `conv2d_1`, ..."""
    seen: Counter[str] = Counter()
    names = []
    for class_name in class_names:
        name = snake_case(class_name.rsplit(">", 1)[-1])
        names.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def snake_case(class_name: str) -> str:
    """`SeparableConv2D` as `separable_conv2d`, as Keras names things after classes."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


class _Builder:
    """Makes the layers of one network and remembers them."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def make(self, class_name: str, config: Any, name: str, new_name: str, archive_name: str) -> BuiltLayer:
        """Makes one layer, or one nested network."""
        trainable = bool(config.get("trainable", True)) if isinstance(config, dict) else True
        if is_network(class_name, config):
            nested = build_network(class_name, _renamed(config, new_name), self.context)
            return BuiltLayer(name, class_name, trainable, nested.model, archive_name, nested.layers)
        layer = create_layer(class_name, {**config, "name": new_name}, self.context, _nested_model)
        return BuiltLayer(name, class_name, trainable, layer, archive_name)


def _nested_model(class_name: str, config: Config, context: Context) -> Any:
    return build_network(class_name, config, context).model


def _renamed(config: Any, name: str) -> Any:
    return {**config, "name": name} if isinstance(config, dict) else {"name": name, "layers": config}


class _Functional(_Builder):
    """Replays one functional network."""

    def __init__(
        self, network: NetworkConfig, context: Context, fix_input: Callable[[str, Shape], Shape] | None
    ) -> None:
        super().__init__(context)
        self.network = network
        self.fix_input = fix_input
        self.names = unique_names(list(network.layers))
        classes = [entry.class_name for entry in network.layers.values()]
        self.archive_names = dict(zip(network.layers, archive_names(classes), strict=True))
        self.built: dict[str, BuiltLayer] = {}
        self.results: dict[tuple[str, int], Any] = {}

    def build(self) -> BuiltNetwork:
        import keras

        inputs = [self._input(reference) for reference in self.network.inputs]
        for reference in self.network.outputs:
            self._compute(reference)
        outputs = [_distinct(self._tensor(reference), reference) for reference in self.network.outputs]
        name = clean_name(self.network.name) if self.network.name else None
        try:
            model = keras.Model(_single(inputs), _single(outputs), name=name)
        except Exception as error:
            raise InputError(f"the network {self.network.name} cannot be rebuilt: {error}") from error
        layers = tuple(self.built[one] for one in self.network.layers if one in self.built)
        unused = tuple(one for one in self.network.layers if one not in self.built)
        return BuiltNetwork(model, layers, unused)

    def _input(self, reference: Reference) -> Any:
        import keras

        entry = self._entry(reference.layer)
        if (entry.name, reference.call) in self.results:
            return self.results[entry.name, reference.call]
        if entry.calls or entry.class_name != "InputLayer":
            raise InputError(
                f"the input {entry.name} is inside the network, which cannot be done: save the model again"
            )
        shape = input_shape_of(entry.config)
        if shape is None:
            raise InputError(f"the input {entry.name} has no shape in the file: save the model again")
        if self.fix_input is not None:
            shape = self.fix_input(entry.name, shape)
        tensor = keras.Input(
            batch_shape=(None, *shape[1:]), dtype=input_dtype_of(entry.config), name=self.names[entry.name]
        )
        self.built[entry.name] = BuiltLayer(entry.name, entry.class_name, True, tensor._keras_history.operation)
        self.results[entry.name, reference.call] = tensor
        return tensor

    def _entry(self, name: str) -> LayerEntry:
        try:
            return self.network.layers[name]
        except KeyError as error:
            raise InputError(
                f"the network names a layer {name} that is not in the file: save the model again"
            ) from error

    def _compute(self, target: Reference) -> None:
        """Replays the calls that `target` needs; a loop, because networks are deeper than Python's stack."""
        waiting = [target]
        on_the_way: set[tuple[str, int]] = set()
        while waiting:
            reference = waiting[-1]
            key = (reference.layer, reference.call)
            if key in self.results:
                waiting.pop()
                continue
            entry = self._entry(reference.layer)
            call = self._call(entry, reference)
            missing = [one for one in call_references(call) if (one.layer, one.call) not in self.results]
            if not missing:
                self.results[key] = self._replay(entry, call)
                waiting.pop()
            elif key in on_the_way:
                raise InputError(f"the network goes in a circle at the layer {entry.name}: save the model again")
            else:
                on_the_way.add(key)
                waiting.extend(missing)

    def _call(self, entry: LayerEntry, reference: Reference) -> Call:
        index = reference.call - entry.first_call
        if 0 <= index < len(entry.calls):
            return entry.calls[index]
        if entry.class_name == "InputLayer":
            raise InputError(f"the network uses {entry.name}, which is not among its inputs: save the model again")
        raise InputError(
            f"the network uses call {reference.call} of the layer {entry.name}, which the file does not have: "
            "save the model again"
        )

    def _replay(self, entry: LayerEntry, call: Call) -> Any:
        args = tuple(self._fill(one) for one in call.args)
        kwargs = {key: self._fill(value) for key, value in call.kwargs.items()}
        composite = composite_for(entry.class_name, entry.config, by_keras3=self.context.by_keras3)
        try:
            if composite is not None:
                self.built.setdefault(entry.name, BuiltLayer(entry.name, entry.class_name, True, None))
                result = composite(self.names[entry.name], args, kwargs)
                _name_operations(result, (args, kwargs), self.names[entry.name], set(self.names.values()))
                return result
            if entry.name not in self.built:
                new_name = self.names[entry.name]
                self.built[entry.name] = self.make(
                    entry.class_name, entry.config, entry.name, new_name, self.archive_names[entry.name]
                )
            return _call_layer(entry.class_name, self.built[entry.name].layer, args, kwargs)
        except EdgecompError:
            raise
        except Exception as error:
            raise InputError(
                f"the layer {entry.name} ({entry.class_name}) cannot be rebuilt: {type(error).__name__}: "
                f"{str(error).strip()[:300]}"
            ) from error

    def _fill(self, value: Any) -> Any:
        if isinstance(value, Reference):
            return self._tensor(value)
        if isinstance(value, dict):
            return {key: self._fill(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._fill(one) for one in value)
        return value

    def _tensor(self, reference: Reference) -> Any:
        result = self.results[reference.layer, reference.call]
        if not isinstance(result, (list, tuple)) or is_static_shape(result):
            return result
        try:
            return result[reference.tensor]
        except IndexError as error:
            raise InputError(
                f"the network uses output {reference.tensor} of the layer {reference.layer}, which has only "
                f"{len(result)}: save the model again"
            ) from error


class _Sequential(_Builder):
    """Rebuilds one Sequential network."""

    def __init__(self, config: Any, context: Context, fix_input: Callable[[str, Shape], Shape] | None) -> None:
        super().__init__(context)
        self.config: Config = config if isinstance(config, dict) else {"layers": config}
        self.fix_input = fix_input

    def build(self) -> BuiltNetwork:
        import keras

        entries = [one for one in self.config.get("layers", []) if one["class_name"] != "InputLayer"]
        if not entries:
            raise InputError("the network has no layers: save the model again")
        names = unique_names([_entry_name(one, index) for index, one in enumerate(entries)])
        archived = archive_names([one["class_name"] for one in entries])
        layers = tuple(
            self.make(one["class_name"], one["config"], name, names[name], archive_name)
            for one, name, archive_name in zip(entries, names, archived, strict=True)
        )
        name = self.config.get("name")
        given = self._input()
        try:
            first = [] if given is None else [given]
            model = keras.Sequential([*first, *(one.layer for one in layers)], name=clean_name(name) if name else None)
        except EdgecompError:
            raise
        except Exception as error:
            raise InputError(f"the network {name} cannot be rebuilt: {str(error).strip()[:300]}") from error
        return BuiltNetwork(model, layers)

    def _input(self) -> Any | None:
        """The network's input, or None where a nested network leaves its shape to the first call."""
        import keras

        name, dtype, shape = sequential_input(self.config)
        if self.fix_input is not None:
            shape = self.fix_input(name, shape if shape is not None else ())
        if shape is None:
            return None
        return keras.Input(batch_shape=(None, *shape[1:]), dtype=dtype, name=clean_name(name))


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
            raise InputError(f"the input {config.get('name')} is {key}: only dense inputs can be converted")
    dtype = config.get("dtype")
    if not isinstance(dtype, str) or not re.fullmatch(r"u?int(8|16|32|64)|bool|string", dtype):
        return "float32"
    if dtype == "string":
        raise InputError(
            f"the input {config.get('name')} takes text: move what turns text into numbers out of the model, "
            "and save the part that takes numbers"
        )
    return dtype


def is_static_shape(value: Any) -> bool:
    """Whether a value is a tensor's shape known beforehand (what `tf.shape` gives), not a list of tensors."""
    return isinstance(value, tuple) and all(one is None or isinstance(one, int) for one in value)


def _entry_name(entry: Config, index: int) -> str:
    config = entry["config"]
    return str((config.get("name") if isinstance(config, dict) else None) or entry.get("name") or f"layer_{index}")


def _single(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _distinct(tensor: Any, reference: Reference) -> Any:
    if not hasattr(tensor, "_keras_history"):
        raise InputError(f"the output {reference.layer} does not depend on the inputs, so there is nothing to convert")
    return tensor


def _call_layer(class_name: str, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a layer; `training` is never passed on, because what is opened is used for inference."""
    kwargs = {key: value for key, value in kwargs.items() if key != "training" and value is not None}
    if class_name.rsplit(">", 1)[-1] in _RECURRENT and args and isinstance(args[0], (list, tuple)):
        # Keras 2 stores the initial state as further inputs.
        return layer(args[0][0], initial_state=list(args[0][1:]), **kwargs)
    return layer(*args, **kwargs)


def _name_operations(result: Any, arguments: Any, name: str, taken: set[str]) -> None:
    """Gives the operations behind `result` names of the file, so that none equals another layer's name."""
    stop = {id(one) for one in _tensors(arguments)}
    waiting = [one for one in _tensors(result) if id(one) not in stop]
    named: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        operation, node_index, _ = tensor._keras_history
        if id(operation) in named:
            continue
        candidate = name if not named else f"{name}_{len(named)}"
        while named and candidate in taken:
            candidate += "_"
        operation.name = candidate
        named.add(id(operation))
        node = operation._inbound_nodes[node_index]
        waiting.extend(one for one in node.input_tensors if id(one) not in stop)


def _tensors(value: Any) -> list[Any]:
    if hasattr(value, "_keras_history"):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for one in value for tensor in _tensors(one)]
    return []
