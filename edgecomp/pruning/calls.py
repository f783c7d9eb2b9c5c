"""A functional model as the list of its calls, in an order in which they can be computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer or of a Keras operation.

    Args:
        operation: the layer or operation.
        layer: its name.
        node: which call of it within the model, counted from 0.
        arguments: what it was called with, symbolic tensors included.
        keywords: likewise.
        inputs: the symbolic tensors among them, in order.
        outputs: the symbolic tensors it returns, in order.
    """

    operation: Any
    layer: str
    node: int
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]

    def output_names(self) -> tuple[str, ...]:
        """What each output is called in `ChannelGraph.tensors`."""
        return tuple(tensor_name(self.layer, self.node, index) for index in range(len(self.outputs)))


def tensor_name(layer: str, node: int, output: int = 0) -> str:
    """What a tensor is called in `ChannelGraph.tensors`.

    Args:
        layer: name of the layer that makes it.
        node: which call of the layer within the model, counted from 0.
        output: which of the call's outputs.
    """
    return f"{layer}/{node}/{output}"


def list_calls(model: keras.Model) -> list[Call]:
    """Every call of a functional or Sequential model, those that make a call's inputs before it.

    The order is the same in every run. Calls of the same layers outside this model are not counted.

    Raises:
        InputError: the model is subclassed, or a Sequential that does not know its input yet.
    """
    nodes = [node for _, level in sorted(_functional(model)._nodes_by_depth.items(), reverse=True) for node in level]
    members = {id(node) for node in nodes}
    return [_call(node, members) for node in nodes]


def _functional(model: keras.Model) -> Any:
    """The graph behind a model: a Sequential keeps its own aside."""
    import keras

    functional = getattr(model, "_functional", None) if isinstance(model, keras.Sequential) else model
    if functional is None:
        raise InputError(f"the model {model.name} has no input shape yet: build it, or add keras.Input as first layer")
    if not hasattr(functional, "_nodes_by_depth"):
        raise InputError(
            f"the model {model.name} is a subclass of keras.Model, whose layers cannot be followed: "
            "build it with the functional API (keras.Model(inputs, outputs))"
        )
    return functional


def _call(node: Any, members: set[int]) -> Call:
    operation = node.operation
    earlier = [one for one in operation._inbound_nodes if id(one) in members]
    return Call(
        operation,
        operation.name,
        next(index for index, one in enumerate(earlier) if one is node),
        tuple(node.arguments.args),
        dict(node.arguments.kwargs),
        tuple(node.input_tensors),
        tuple(node.outputs),
    )
