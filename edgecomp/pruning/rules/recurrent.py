"""Recurrent layers: their units are channels that they also read themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..labels import MovedChannels, NotFollowedError
from .elementwise import is_elementwise
from .site import Labels, Site, last_size

_GATES = {"SimpleRNNCell": 1, "GRUCell": 3, "LSTMCell": 4, "ConvLSTMCell": 4}
"""How many blocks of columns a cell's kernels have, one after another."""


def recurrent(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """SimpleRNN, GRU, LSTM, ConvLSTM and RNN around one such cell.

    Kernel [..., in, gates * units], recurrent kernel [..., units, gates * units]; the last axis of the bias is that
    of the kernels. Initial states and returned states are the units, too.
    """
    cell = site.operation.cell
    gates = _GATES.get(type(cell).__name__)
    if gates is None or not type(cell).__module__.startswith("keras.") or site.operation.stateful:
        raise NotFollowedError(f"{site.layer} keeps or makes its states in a way that is not known")
    if site.keywords.get("mask") is not None or any(value is not None for value in site.arguments[2:]):
        raise NotFollowedError(f"of the mask that {site.layer} is given")
    units = site.mint((site.shape("cell/recurrent_kernel") or (0, 0))[-2])
    by_gate = np.tile(units, gates)
    site.mark("cell/kernel", -2, inputs[0], "consumes")
    site.mark("cell/kernel", -1, by_gate, "produces")
    site.mark("cell/recurrent_kernel", -2, units, "consumes")
    site.mark("cell/recurrent_kernel", -1, by_gate, "produces")
    site.mark("cell/bias", -1, by_gate, "produces")
    for state in inputs[1:]:
        site.channels.unite(units, state)
    for function in (cell.activation, cell.recurrent_activation if gates > 1 else None):
        if not is_elementwise(function):
            site.channels.freeze(units, f"they go together through an activation of {site.layer}")
    return [units] * len(site.output_shapes)


def bidirectional(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Bidirectional: two recurrent layers; their outputs are joined or added up, their states all returned.

    Keras takes both to have the same number of units, so the same positions go in both.
    """
    layer, states = site.operation, inputs[1:]
    half = len(states) // 2
    count = 1 + len(layer.forward_layer.state_size) * bool(layer.return_state)
    inner = replace(site, output_shapes=((),) * count)
    forward, *forward_states = recurrent(
        replace(inner, operation=layer.forward_layer, path=site.path + "forward_layer/"), [inputs[0], *states[:half]]
    )
    backward, *backward_states = recurrent(
        replace(inner, operation=layer.backward_layer, path=site.path + "backward_layer/"), [inputs[0], *states[half:]]
    )
    if forward.size != backward.size:
        raise NotFollowedError(f"of the different directions of {site.layer}")
    site.channels.unite(forward, backward)
    if layer.merge_mode == "concat":
        merged = [np.concatenate([forward, backward])]
    else:
        merged = [forward] if layer.merge_mode else [forward, backward]
    return [*merged, *forward_states, *backward_states]


def time_distributed(site: Site, inputs: list[np.ndarray]) -> Sequence[Labels]:
    """TimeDistributed: the inner layer's rule, without the axis of time."""
    from . import find_rule

    def without_time(shapes: tuple[tuple[int | None, ...], ...]) -> tuple[tuple[int | None, ...], ...]:
        return tuple((*shape[:1], *shape[2:]) for shape in shapes)

    inner = site.operation.layer
    rule = find_rule(inner)
    if len(inputs) != 1 or last_size(site.input_shapes[0]) != inputs[0].size or len(site.input_shapes[0]) < 3:
        raise NotFollowedError(f"of the inputs of {site.layer}")
    outputs = rule(
        replace(
            site,
            operation=inner,
            input_shapes=without_time(site.input_shapes),
            output_shapes=without_time(site.output_shapes),
            path=site.path + "layer/",
        ),
        inputs,
    )
    if any(isinstance(one, MovedChannels) for one in outputs):
        raise NotFollowedError(f"{site.layer} moves them to another axis")
    return outputs
