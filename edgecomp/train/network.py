"""Calling a network on a list of arrays, whatever kind of `keras.Model` it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def call(network: Any, inputs: Sequence[Any], *, training: bool) -> list[Any]:
    """The outputs [batch, ...] of a network, in order.

    Args:
        network: a functional or Sequential model, or any `keras.Model` that takes a tensor, or a list for several.
        inputs: a tensor [batch, ...] for each input.
        training: whether BatchNorm uses the batch, and dropout drops.
    """
    import keras

    structure = getattr(getattr(network, "_functional", None) or network, "input", None)
    if structure is None:
        given = inputs[0] if len(inputs) == 1 else list(inputs)
    else:
        given = keras.tree.pack_sequence_as(structure, list(inputs))
    outputs: list[Any] = keras.tree.flatten(network(given, training=training))
    return outputs


def with_features(network: Any, layers: Sequence[str]) -> Any:
    """A network of the same layers that also gives what some of them give, behind its own outputs.

    Args:
        network: a functional or Sequential model; it shares its weights.
        layers: names of layers, each with one output.
    """
    import keras

    if not layers:
        return network
    features = [network.get_layer(name).output for name in layers]
    functional = getattr(network, "_functional", None) or network
    return keras.Model(functional.input, [*keras.tree.flatten(functional.output), *features])
