"""Adds up by channel what weights have by index."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .channel_graph import FROZEN, ChannelGraph, WeightAxis


def channel_count(graph: ChannelGraph) -> int:
    """The number of channels: they are numbered from 0."""
    return 1 + max((max(group.channels) for group in graph.groups), default=-1)


def sum_by_channel(count: int, axis: WeightAxis, values: np.ndarray) -> np.ndarray:
    """Adds up what the indices of an axis have, by channel.

    Args:
        count: number of channels.
        axis: whose indices they are.
        values: [size of the axis]

    Returns:
        float64 [count]
    """
    free = axis.channels != FROZEN
    return np.bincount(axis.channels[free], values[free].astype(np.float64), minlength=count)


def sum_along(values: np.ndarray, axis: int) -> np.ndarray:
    """The sum over all other axes: [size of the axis]."""
    total: np.ndarray = values.sum(axis=tuple(one for one in range(values.ndim) if one != axis))
    return total


def making_axes(graph: ChannelGraph) -> Iterator[WeightAxis]:
    """The axes of kernels along which channels are made, or pass one by one."""
    for axis in graph.axes:
        if axis.role != "consumes" and axis.variable.split("/")[-1].endswith(("kernel", "embeddings")):
            yield axis
