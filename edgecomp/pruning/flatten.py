"""Puts the layers of nested networks into the network around them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .calls import Call, list_calls
from .copying import assign, copy_operation, values_of
from .replay import assemble, run_calls

if TYPE_CHECKING:
    import keras


def flatten(model: keras.Model) -> keras.Model:
    """A functional network without networks nested in it.

    A nested network that is called twice becomes layers that are called twice. Layers keep their names; where two have
    the same one, that of a nested network is put in front. The layer behind an output is called what Keras called the
    output, so that outputs keep their names too.

    Args:
        model: a functional or Sequential model.

    Returns:
        a new model with copies of the weights, the same inputs, and the same outputs for them; `model` itself where
        there is nothing to do.

    Raises:
        InputError: the model is a subclass with a `call` of its own, is not built, or has a layer that cannot be made
            anew from its configuration.
    """
    if not is_network(model):
        raise InputError(
            f"the model {model.name} is a subclass of keras.Model with a call of its own, or is not built: "
            "rebuild it with the functional API (keras.Model(inputs, outputs))"
        )
    if hasattr(model, "_nodes_by_depth") and _is_flat(model):
        return model
    return _Flattening(model).run()


def is_network(operation: Any) -> bool:
    """Whether a layer is a network whose calls Keras knows: functional, or a Sequential that is built."""
    known = hasattr(operation, "_nodes_by_depth") or getattr(operation, "_functional", None) is not None
    return known and type(operation).call.__module__.split(".")[0] == "keras"


def _is_flat(model: keras.Model) -> bool:
    """Whether there are no nested networks, nor calls of the layers elsewhere, which would confuse the counting."""
    calls = list_calls(model)
    alone = len(calls) == sum(len(operation._inbound_nodes) for operation in model.operations)
    return alone and not any(is_network(call.operation) for call in calls)


class _Flattening:
    """The layers made so far while one network is put together."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.names = _names(model)
        self.copies: dict[int, tuple[Any, Any]] = {}
        self.casts = 0

    def run(self) -> keras.Model:
        inputs = [self._copy(tensor._keras_history.operation).output for tensor in self.model.inputs]
        model = assemble(self.model, inputs, run_calls(self.model, inputs, self._runner(None)))
        for old, new in self.copies.values():
            assign(new, values_of(old))
        return model

    def _copy(self, operation: Any) -> Any:
        """The copy of a layer, made at its first call; the old one is kept beside it, so that its id stays its own."""
        if id(operation) not in self.copies:
            copied = copy_operation(operation, {"name": self.names[id(operation)]})
            self.copies[id(operation)] = operation, copied
        return self.copies[id(operation)][1]

    def _runner(self, training: bool | None) -> Callable[[Call, list[Any], dict[str, Any]], Any]:
        """Calls copies, in training or not where the network around says so, as Keras passes it on."""

        def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Any:
            if is_network(call.operation):
                inner = keywords.get("training") if training is None else training
                return self._inline(call.operation, arguments[0] if arguments else keywords["inputs"], inner)
            if training is not None and "training" in inspect.signature(call.operation.call).parameters:
                keywords = {**keywords, "training": training}
            return self._copy(call.operation)(*arguments, **keywords)

        return run

    def _inline(self, network: Any, given: Any, training: bool | None) -> Sequence[Any]:
        tensors = [
            self._cast(network, tensor, inside.dtype)
            for tensor, inside in zip(_in_order(network, given), network.inputs, strict=True)
        ]
        return run_calls(network, tensors, self._runner(training))

    def _cast(self, network: Any, tensor: Any, dtype: str) -> Any:
        """What a nested network does first: it turns its inputs into the type it was made for."""
        import keras

        if tensor.dtype == dtype:
            return tensor
        self.casts += 1
        name = f"{network.name}_cast_{self.casts}"
        cast = keras.ops.cast(tensor, dtype)
        cast._keras_history.operation.name = _unused(name, set(self.names.values()))
        return cast


def _in_order(network: Any, given: Any) -> list[Any]:
    """The tensors given to a network in the order of its inputs."""
    import keras

    if isinstance(given, dict) and not isinstance(network.input, dict):
        tensors = [given[inside.name] for inside in network.inputs]
    else:
        tensors = keras.tree.flatten(given)
    for tensor, inside in zip(tensors, network.inputs, strict=True):
        if len(tensor.shape) != len(inside.shape):
            raise InputError(
                f"the nested network {network.name} is called with a tensor of the shape {tuple(tensor.shape)} where "
                f"it has {tuple(inside.shape)}: call it with a tensor of as many dimensions"
            )
    return tensors


def _names(model: keras.Model) -> dict[int, str]:
    """The new name of each layer, by its id."""
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    for operation, inside in _operations(model, ()):
        found.setdefault(id(operation), (operation.name, inside))
    names = {key: name for key, (name, inside) in found.items() if not inside}
    for key, name in _output_names(model).items():
        if key not in names and name not in names.values():
            names[key] = name
    taken = set(names.values())
    for key, (name, inside) in found.items():
        if key not in names:
            names[key] = name if name not in taken else _unused("_".join((*inside, name)), taken)
            taken.add(names[key])
    return names


def _operations(model: keras.Model, inside: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """What is called in a network and in those nested in it, and the names of the networks it is in."""
    for operation in dict.fromkeys(call.operation for call in list_calls(model)):
        if is_network(operation):
            # An input of a nested network is nothing of its own: what the network is called with takes its place.
            within = _operations(operation, (*inside, operation.name))
            yield from (one for one in within if not _is_input(one[0], operation))
        else:
            yield operation, inside


def _is_input(operation: Any, network: Any) -> bool:
    return any(tensor._keras_history.operation is operation for tensor in network.inputs)


def _output_names(model: keras.Model) -> dict[int, str]:
    """The names of outputs that come out of a nested network, by the id of the layer in there that gives them."""
    names: dict[int, str] = {}
    for tensor in model.outputs:
        operation = tensor._keras_history.operation
        name = operation.name
        while is_network(operation) and len(operation.outputs) == 1:
            network, operation = operation, operation.outputs[0]._keras_history.operation
            if not is_network(operation) and not _is_input(operation, network):
                names.setdefault(id(operation), name)
    return names


def _unused(name: str, taken: set[str]) -> str:
    """`name`, or the first of name_1, name_2, ... that nobody has."""
    count, candidate = 0, name
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate
