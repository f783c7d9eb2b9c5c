"""What a rule gets to see of a call, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from ..calls import Shape
from ..channel_graph import Role
from ..labels import ChannelLabels, MovedChannels, NotFollowedError


@dataclass(frozen=True, eq=False)
class Site:
    """A call of a layer or operation, without its tensors.

    Args:
        operation: the layer or operation; the inner layer within a wrapper.
        layer: name of the layer in the model; the wrapper's for an inner layer.
        channels: where labels are minted, united and marked.
        input_shapes: with the batch.
        output_shapes: with the batch.
        arguments: what the call was given, symbolic tensors included.
        keywords: likewise.
        path: where an inner layer hangs in its wrapper, such as "forward_layer/"; else "".
    """

    operation: Any
    layer: str
    channels: ChannelLabels
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    path: str = ""

    @property
    def kind(self) -> str:
        """The layer's or operation's class name."""
        return type(self.operation).__name__

    def mint(self, count: int) -> np.ndarray:
        """The labels of the channels the layer makes: int64 [count]."""
        return self.channels.mint(f"{self.layer}/{self.path}", count)

    def shape(self, variable: str) -> tuple[int, ...] | None:
        """The shape of one of the layer's variables; None where the layer does without it."""
        found = reduce(lambda value, name: getattr(value, name, None), variable.split("/"), self.operation)
        return None if found is None else tuple(found.shape)

    def mark(self, variable: str, axis: int, labels: np.ndarray, role: Role) -> None:
        """Says which channels stand along an axis of one of the layer's variables, if the layer has it.

        Args:
            variable: attributes that lead from the layer to it, such as "kernel" or "cell/kernel".
            axis: which dimension; negative ones count from the end.
            labels: int64 [size of the axis].
            role: see `WeightAxis`.

        Raises:
            NotFollowedError: the axis has another size.
        """
        shape = self.shape(variable)
        if shape is None:
            return
        if shape[axis] != labels.size:
            raise NotFollowedError(f"of the shape {shape} of {self.path}{variable} in {self.layer}")
        self.channels.mark(self.layer, self.path + variable, axis % len(shape), labels, role)


Labels = np.ndarray | MovedChannels
"""The labels of a tensor's channels: int64 [size of the last axis], unless they stand along another."""

Rule = Callable[[Site, list[Any]], Sequence[Labels]]
"""Takes the labels of each input, gives those of each output; `NotFollowedError` says why it cannot."""


def last_size(shape: Shape) -> int:
    """The size of the last axis; 0 where it is unknown or is the batch."""
    return int(shape[-1] or 0) if len(shape) > 1 else 0


def only(site: Site, inputs: list[np.ndarray]) -> np.ndarray:
    """The labels of a call's single input."""
    if len(inputs) != 1:
        raise NotFollowedError(f"of the {len(inputs)} inputs of {site.layer}")
    return inputs[0]


def over_axes(axes: Any, shape: Shape) -> bool:
    """Whether axes, as a layer or operation holds them, take in the last one; None stands for all."""
    if axes is None:
        return True
    axes = axes if isinstance(axes, (list, tuple)) else (axes,)
    return any(axis % len(shape) == len(shape) - 1 for axis in axes)
