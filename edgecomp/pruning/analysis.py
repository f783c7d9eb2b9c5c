"""Which channels of a model hang together: labels carried through its graph, one call at a time.

The idea of following a cut through a network's dependencies is that of Fang et al., "DepGraph: Towards Any Structural
Pruning" (CVPR 2023); here each channel bears a label, and what has to go together bears the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Call, list_calls
from .channel_graph import FROZEN, ChannelGraph, WeightAxis
from .grouping import group_channels
from .labels import ChannelLabels, MovedChannels, NotFollowedError
from .rules import Labels, Site, find_rule, knows_moved
from .rules.site import last_size

if TYPE_CHECKING:
    import keras


def analyze(model: keras.Model) -> ChannelGraph:
    """Finds which indices of which weights are one channel, and which channels can be removed.

    Args:
        model: a functional or Sequential model, built, channels last. A model nested in it counts as unknown: inline it
            first (see `flatten.flatten`).

    Returns:
        the channels; numbered in the order in which the layers make them.

    Raises:
        InputError: the model is subclassed or has no input shape yet.
    """
    channels = ChannelLabels()
    calls = list_calls(model)
    labels: dict[int, Labels] = {}
    blocked: dict[str, str] = {}
    for call in calls:
        inputs = [labels[id(tensor)] for tensor in call.inputs]
        try:
            outputs = _follow(call, inputs, channels)
        except NotFollowedError as error:
            blocked.setdefault(call.layer, str(error))
            for lost in inputs:
                channels.freeze(_labels(lost), str(error))
            outputs = [channels.frozen(last_size(tensor.shape), str(error)) for tensor in call.outputs]
        labels.update((id(tensor), one) for tensor, one in zip(call.outputs, outputs, strict=True))
    for one in channels.axes:
        if one.layer in blocked:  # a shared layer, another call of which is followed
            channels.freeze(one.labels, blocked[one.layer])
    for tensor in model.outputs:
        channels.freeze(_labels(labels[id(tensor)]), "they are the model's output")
    tensors = {
        name: _along_last(labels[id(tensor)], tensor, channels, "no channels stand there")
        for call in calls
        for name, tensor in zip(call.output_names(), call.outputs, strict=True)
    }
    return _resolve(channels, tensors, blocked)


def _follow(call: Call, inputs: list[Labels], channels: ChannelLabels) -> Sequence[Labels]:
    if not call.inputs:
        return [channels.frozen(last_size(tensor.shape), "they are the model's input") for tensor in call.outputs]
    rule = find_rule(call.operation)
    if not knows_moved(rule):
        reason = f"they come to {call.layer} along another axis than the last"
        for one in inputs:
            if isinstance(one, MovedChannels):
                channels.freeze(one.labels, reason)
        inputs = [_along_last(one, tensor, channels, reason) for one, tensor in zip(inputs, call.inputs, strict=True)]
    site = Site(
        call.operation,
        call.layer,
        channels,
        tuple(tuple(tensor.shape) for tensor in call.inputs),
        tuple(tuple(tensor.shape) for tensor in call.outputs),
        call.arguments,
        call.keywords,
    )
    outputs = rule(site, inputs)
    sizes = [last_size(tensor.shape) for tensor in call.outputs]
    if [
        size if isinstance(one, MovedChannels) else one.size for one, size in zip(outputs, sizes, strict=True)
    ] != sizes:
        raise NotFollowedError(f"of the shape that {call.layer} gives")
    return outputs


def _labels(given: Labels) -> np.ndarray:
    return given.labels if isinstance(given, MovedChannels) else given


def _along_last(given: Labels, tensor: Any, channels: ChannelLabels, reason: str) -> np.ndarray:
    """The labels of a tensor's last axis: frozen ones if its channels stand along another."""
    return channels.frozen(last_size(tensor.shape), reason) if isinstance(given, MovedChannels) else given


def _resolve(channels: ChannelLabels, tensors: dict[str, np.ndarray], blocked: dict[str, str]) -> ChannelGraph:
    """Gives numbers to the channels that are free, in the order in which layers make them."""
    roots = channels.unions.roots()
    reasons = channels.reasons(roots)
    made = [roots[one.labels] for one in channels.axes if one.role == "produces"]
    order, first = np.unique(np.concatenate([np.empty(0, np.int64), *made]), return_index=True)
    order = order[np.argsort(first)]
    free = order[~np.isin(order, list(reasons))]
    numbers = np.full(roots.size, FROZEN, dtype=np.int64)
    numbers[free] = np.arange(free.size)
    numbers = numbers[roots]
    axes = tuple(WeightAxis(one.layer, one.variable, one.axis, numbers[one.labels], one.role) for one in channels.axes)
    numbered = {name: numbers[labels] for name, labels in tensors.items()}
    frozen = dict(blocked)
    for one in channels.axes:
        stuck = roots[one.labels[numbers[one.labels] == FROZEN]]
        if one.role != "consumes" and stuck.size:
            frozen.setdefault(one.layer, reasons[int(stuck[0])])
    return ChannelGraph(numbered, axes, group_channels(axes, numbered.values(), free.size), frozen)
