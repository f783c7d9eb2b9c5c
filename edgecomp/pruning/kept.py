"""Which channels stay, at every place where they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from .calls import Call
from .channel_graph import ChannelGraph, WeightAxis


@dataclass(frozen=True, eq=False)
class Kept:
    """Which indices of the last axes stay in one call of a layer.

    Args:
        inputs: bool [size] for each tensor it takes.
        outputs: bool [size] for each tensor it gives.
    """

    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]

    @property
    def is_everything(self) -> bool:
        """Whether nothing goes."""
        return all(bool(one.all()) for one in (*self.inputs, *self.outputs))


class Remaining:
    """What is left of a model's channels when some are removed.

    Args:
        graph: the model's channels.
        removed: numbers of channels.
        calls: the model's calls.

    Raises:
        InputError: a channel cannot be removed, or a tensor would have none left.
    """

    def __init__(self, graph: ChannelGraph, removed: Collection[int], calls: Sequence[Call]) -> None:
        self._stays = _stays(graph, removed)
        self._axes: dict[str, list[WeightAxis]] = {}
        for axis in graph.axes:
            self._axes.setdefault(axis.layer, []).append(axis)
        self._tensors: dict[int, np.ndarray] = {}
        for call in calls:
            for tensor, name in zip(call.outputs, call.output_names(), strict=True):
                self._tensors[id(tensor)] = self._kept(tensor, graph.tensors.get(name))
                if tensor.shape[1:] and tensor.shape[-1] and not self._tensors[id(tensor)].any():
                    raise InputError(f"nothing would be left of what {call.layer} gives: keep one of its channels")

    def at(self, call: Call) -> Kept:
        """What is left of the tensors of one call."""
        inputs, outputs = (tuple(self._tensors[id(one)] for one in tensors) for tensors in (call.inputs, call.outputs))
        return Kept(inputs, outputs)

    def slice(self, layer: str, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What is left of a layer's weights.

        Args:
            layer: its name.
            values: each weight by its path within the layer.
        """
        sliced = dict(values)
        for axis in self._axes.get(layer, ()):
            sliced[axis.variable] = np.compress(self._stays[axis.channels], sliced[axis.variable], axis=axis.axis)
        return sliced

    def _kept(self, tensor: Any, channels: np.ndarray | None) -> np.ndarray:
        """Of a tensor that the graph does not have everything stays."""
        size = (tensor.shape[-1] if len(tensor.shape) > 1 else None) or 0
        return np.ones(size, bool) if channels is None else self._stays[channels]


def _stays(graph: ChannelGraph, removed: Collection[int]) -> np.ndarray:
    """Whether each channel stays, by its number; the last entry, which `FROZEN` finds, is for those that must."""
    groups = {channel: group for group in graph.groups for channel in group.channels}
    unknown = [channel for channel in sorted(removed) if channel not in groups]
    if unknown:
        raise InputError(f"the channels {unknown[:10]} cannot be removed: take them from the groups of the graph")
    stays = np.ones(max(groups, default=-1) + 2, bool)
    stays[sorted(removed)] = False
    for group in graph.groups:
        if not stays[list(group.channels)].any():
            raise InputError(f"no channel of {', '.join(group.producers)} would be left: keep at least one")
    return stays
