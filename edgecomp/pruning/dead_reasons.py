"""Says of dead channels which layer made them so, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bounds.interval import Bounds
from .calls import Call
from .channel_graph import ChannelGraph
from .network_reads import constants
from .reading import outputs_without_weights

_NOT_READ = "no weights read them"


@dataclass(frozen=True)
class DeadLayer:
    """Dead channels that one layer makes so.

    Args:
        layer: its name.
        reason: why they are dead, a phrase: "gamma is zero", "weights are zero", "never opens", ...
        channels: their numbers.
    """

    layer: str
    reason: str
    channels: tuple[int, ...]


def explain(
    dead: Sequence[int], calls: Sequence[Call], graph: ChannelGraph, bounds: Mapping[str, Bounds]
) -> tuple[DeadLayer, ...]:
    """Finds where each dead channel first becomes constant.

    Args:
        dead: numbers of channels.
        calls: those of the model.
        graph: what `analyze` found in it.
        bounds: by "layer/node/output".

    Returns:
        in the order of the calls; channels that are not constant, as nothing reads them, come last.
    """
    waiting = set(dead)
    found: dict[tuple[str, str], list[int]] = {}
    for call in calls:
        for name in call.output_names():
            channels = graph.tensors[name]
            constant, value = constants(bounds[name])
            reasons = _reasons(call.operation, value)
            for index in np.flatnonzero(np.isin(channels, dead)).tolist():
                channel = int(channels[index])
                if channel in waiting and constant[channels == channel].all():
                    waiting.discard(channel)
                    found.setdefault((call.layer, reasons[index]), []).append(channel)
    for group in graph.groups:
        unread = [channel for channel in group.channels if channel in waiting]
        if unread:
            found.setdefault((", ".join(group.producers), _NOT_READ), []).extend(unread)
    return tuple(DeadLayer(layer, reason, tuple(sorted(channels))) for (layer, reason), channels in found.items())


def _reasons(operation: Any, value: np.ndarray) -> list[str]:
    """The reason for each output channel of an operation, if it is constant with this value."""
    kind = type(operation).__name__
    if kind in ("BatchNormalization", "LayerNormalization", "LayerScale"):
        return ["gamma is zero"] * value.size
    if kind in ("Multiply", "Embedding"):
        return [{"Multiply": "multiplied by zero", "Embedding": "all rows are the same"}[kind]] * value.size
    without_weights = outputs_without_weights(operation)
    if without_weights is None:
        without_weights = np.zeros(value.size, bool)
    return [_reason(bool(bare), float(one)) for bare, one in zip(without_weights, value, strict=True)]


def _reason(without_weights: bool, value: float) -> str:
    if without_weights:
        return "weights are zero"
    return "never opens" if value == 0 else "never changes"
