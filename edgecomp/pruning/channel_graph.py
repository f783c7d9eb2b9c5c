"""Which indices of which weights are one and the same channel: what the analysis gives and everything else works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

FROZEN = -1
"""Stands for a channel that must stay."""

Role = Literal["produces", "consumes", "carries"]


@dataclass(frozen=True, eq=False)
class WeightAxis:
    """An axis of a layer's variable along which there are channels.

    Args:
        layer: name of the layer.
        variable: the attributes that lead from the layer to it, as `variables.layer_variables` names them: "kernel",
            "bias", "gamma", "depthwise_kernel"; "cell/kernel" in an LSTM, "layer/kernel" in a TimeDistributed.
        axis: which dimension.
        channels: int64 [size of the axis]: the channel of each index; `FROZEN` where it must stay. A channel may stand
            at several indices, as behind a Flatten.
        role: "produces" where the channels are made (a kernel's outputs, its bias), "consumes" where they are read (a
            kernel's inputs), "carries" where each is treated by itself (BatchNorm, depthwise kernels, the kernel of a
            convolution in groups whose groups go as a whole).
    """

    layer: str
    variable: str
    axis: int
    channels: np.ndarray
    role: Role


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that are ranked against each other and cut to one width: those at the same places.

    They stand in the same weight axes and the same tensors, so the same layers make and read them.

    Args:
        channels: their numbers, in the order of the first producer's axis.
        producers: names of the layers that make them.
        consumers: names of the layers that read them.
    """

    channels: tuple[int, ...]
    producers: tuple[str, ...]
    consumers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ChannelGraph:
    """A model's channels.

    Removing a channel means removing every index that bears its number, in every weight axis and every tensor. Any set
    of channels can be removed, as long as each group keeps at least one.

    Args:
        tensors: int64 [size of the last axis] for each tensor, by "layer/node/output" (node: which call of the layer
            within the model, counted from 0; output: which of its outputs). Empty where that axis is the batch or its
            size is unknown.
        axes: every weight axis that has channels.
        groups: the removable channels; each is in exactly one.
        frozen: why channels must stay that a layer makes, carries or does not let through, by the layer's name: a
            phrase such as "they are the model's output".
    """

    tensors: Mapping[str, np.ndarray]
    axes: tuple[WeightAxis, ...]
    groups: tuple[ChannelGroup, ...]
    frozen: Mapping[str, str]
