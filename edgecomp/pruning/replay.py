"""Goes through the calls of a network again, with other tensors and other layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .calls import Call, list_calls

if TYPE_CHECKING:
    import keras


def run_calls(
    model: keras.Model, inputs: Sequence[Any], run: Callable[[Call, list[Any], dict[str, Any]], Any]
) -> list[Any]:
    """Goes through the calls of a functional or Sequential network with other tensors.

    Args:
        model: the network; it is left as it is.
        inputs: what stands for each of `model.inputs`.
        run: gives the results of one call, from its arguments with the new tensors in the places of the old ones.

    Returns:
        what stands for each of `model.outputs`.
    """
    import keras

    calls = list_calls(model)
    readers = Counter(id(tensor) for tensors in (*(call.inputs for call in calls), model.outputs) for tensor in tensors)
    new = {id(old): given for old, given in zip(model.inputs, inputs, strict=True)}

    def filled(argument: Any) -> Any:
        return new[id(argument)] if isinstance(argument, keras.KerasTensor) else argument

    for call in calls:
        if call.inputs:
            arguments, keywords = (keras.tree.map_structure(filled, one) for one in (call.arguments, call.keywords))
            results = keras.tree.flatten(run(call, list(arguments), keywords))
            new.update(zip(map(id, call.outputs), results, strict=True))
        for tensor in call.inputs:  # numbers take memory: none is kept longer than somebody reads it
            readers[id(tensor)] -= 1
            if not readers[id(tensor)]:
                del new[id(tensor)]
    return [new[id(tensor)] for tensor in model.outputs]


def assemble(model: keras.Model, inputs: Sequence[Any], outputs: Sequence[Any]) -> keras.Model:
    """A functional network of new tensors, with the name of `model` and its way of nesting inputs and outputs."""
    import keras

    network = getattr(model, "_functional", None) or model  # a Sequential has no `input` of its own until it is called
    nested = (
        keras.tree.pack_sequence_as(structure, list(tensors))
        for structure, tensors in ((network.input, inputs), (network.output, outputs))
    )
    return keras.Model(*nested, name=model.name)
