"""Which channels are ranked against each other and cut together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .channel_graph import ChannelGroup, WeightAxis


def group_channels(axes: Iterable[WeightAxis], tensors: Iterable[np.ndarray], count: int) -> tuple[ChannelGroup, ...]:
    """Channels that stand in the same weight axes and the same tensors form a group.

    Then any channels can go without leaving an axis or a tensor empty, as long as each group keeps one.

    Args:
        axes: every weight axis that has channels.
        tensors: the channels along each tensor's last axis.
        count: how many channels there are; they are numbered from 0.

    Returns:
        the groups, in the order of their first channels.
    """
    axes = tuple(axes)
    classes = _refine([*(one.channels for one in axes), *tensors], count)
    producers: dict[int, dict[str, None]] = {}
    consumers: dict[int, dict[str, None]] = {}
    for one in axes:
        roles = {"produces": producers, "consumes": consumers}.get(one.role)
        if roles is not None:
            for member in np.unique(classes[one.channels[one.channels >= 0]]).tolist():
                roles.setdefault(member, {})[one.layer] = None
    order = np.argsort(classes, kind="stable")
    cuts = np.flatnonzero(np.diff(classes[order])) + 1
    groups = [
        ChannelGroup(
            tuple(channels.tolist()),
            tuple(producers.get(int(classes[channels[0]]), ())),
            tuple(consumers.get(int(classes[channels[0]]), ())),
        )
        for channels in np.split(order, cuts)
        if channels.size
    ]
    return tuple(sorted(groups, key=lambda group: group.channels[0]))


def _refine(subsets: list[np.ndarray], count: int) -> np.ndarray:
    """Classes of channels that the same subsets contain: int64 [count].

    Each subset splits the classes that it has a part of (Paige and Tarjan, "Three partition refinement algorithms",
    1987).
    """
    classes = np.zeros(count, dtype=np.int64)
    sizes = np.zeros(count + 1, dtype=np.int64)
    sizes[0] = count
    used = 1
    for subset in subsets:
        members = np.unique(subset[subset >= 0])
        touched, place, inside = np.unique(classes[members], return_inverse=True, return_counts=True)
        parted = inside < sizes[touched]
        if not parted.any():
            continue
        renamed = touched.copy()
        renamed[parted] = np.arange(used, used + int(parted.sum()))
        used += int(parted.sum())
        sizes[touched[parted]] -= inside[parted]
        sizes[renamed[parted]] = inside[parted]
        classes[members] = renamed[place]
    return classes
