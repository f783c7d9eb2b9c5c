"""Rebuilds a Keras 2 network as a native Keras 3 one, by making each layer and calling it as the file says.

Calls are replayed on demand, from the outputs back: what the outputs do not need (losses added to the network, say)
is never built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import EdgecompError, InputError
from .built import BuiltLayer, BuiltNetwork
from .layer_configs import Config
from .layers import Context, create_layer, is_network
from .names import archive_names, clean_name, name_operations, unique_names
from .network_config import Call, LayerEntry, NetworkConfig, Reference, call_references, parse_network
from .network_inputs import Shape, input_dtype_of, input_shape_of, sequential_input
from .tf_op_layers import composite_for

_RECURRENT_CLASSES = ("RNN", "SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU", "UnifiedLSTM", "UnifiedGRU")
_RECURRENT = frozenset((*_RECURRENT_CLASSES, "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"))


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


class _Builder:
    """Makes the layers of one network and remembers them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.notes: list[str] = []

    def make(self, class_name: str, config: Any, name: str, new_name: str, archive_name: str) -> BuiltLayer:
        """Makes one layer, or one nested network."""
        trainable = bool(config.get("trainable", True)) if isinstance(config, dict) else True
        if isinstance(config, dict) and config.get("stateful") is True:
            self.notes.append(f"the layer {name} keeps state between calls; converted, each call starts afresh")
        if is_network(class_name, config):
            nested = build_network(class_name, _renamed(config, new_name), self.context)
            self.notes.extend(nested.notes)
            return BuiltLayer(name, class_name, trainable, nested.model, archive_name, nested.layers)
        layer = create_layer(class_name, {**config, "name": new_name}, self.context, _nested_model)
        return BuiltLayer(name, _computing_class(class_name, config), trainable, layer, archive_name)


def _computing_class(class_name: str, config: Any) -> str:
    """The class whose weights a layer has: for a Bidirectional layer that of the layer inside."""
    inner = config.get("layer") if isinstance(config, dict) else None
    return str(inner.get("class_name")) if class_name == "Bidirectional" and isinstance(inner, dict) else class_name


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
        return BuiltNetwork(model, layers, unused, tuple(self.notes))

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
                self.results[key] = self._replay(entry, call, reference.call - entry.first_call)
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

    def _replay(self, entry: LayerEntry, call: Call, call_index: int) -> Any:
        args = tuple(self._fill(one) for one in call.args)
        kwargs = {key: self._fill(value) for key, value in call.kwargs.items()}
        if kwargs.get("training") is True:
            self.notes.append(
                f"the layer {entry.name} is called as in training; converted, it computes as in use, so outputs differ"
            )
        composite = composite_for(entry.class_name, entry.config, by_keras3=self.context.by_keras3)
        try:
            if composite is not None:
                self.built.setdefault(entry.name, BuiltLayer(entry.name, entry.class_name, True, None))
                name = self.names[entry.name] + (f"_call_{call_index}" if call_index else "")
                result = composite(name, args, kwargs)
                name_operations(result, (args, kwargs), name, set(self.names.values()))
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
        return BuiltNetwork(model, layers, notes=tuple(self.notes))

    def _input(self) -> Any | None:
        """The network's input, or None where a nested network leaves its shape to the first call."""
        import keras

        name, dtype, shape = sequential_input(self.config)
        if self.fix_input is not None:
            shape = self.fix_input(name, shape if shape is not None else ())
        if shape is None:
            return None
        return keras.Input(batch_shape=(None, *shape[1:]), dtype=dtype, name=clean_name(name))


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
