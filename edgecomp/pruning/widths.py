"""Which widths a group of channels may be cut to, and in which order its channels go. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil

import numpy as np

from ..errors import InputError
from .by_channel import channel_count
from .channel_graph import FROZEN, ChannelGraph, ChannelGroup
from .costs import KERNEL_BLOCK


@dataclass(frozen=True, eq=False)
class Ladder:
    """How a group can be cut, step by step: the rungs.

    Args:
        channels: those of the group, the least important first: the order in which they go.
        cuts: how many of them are gone on each rung; rising, starting with 0.
        losses: float64 [rungs], what is given up on each rung; rising, starting with 0.
    """

    channels: tuple[int, ...]
    cuts: tuple[int, ...]
    losses: np.ndarray


@dataclass(frozen=True)
class WidthRules:
    """How far layers may be cut.

    Args:
        multiple: the widths of layers that are cut become multiples of this, and at least this.
        block: those that stay this wide or wider become multiples of it too: a part of a block takes a kernel as long.
        min_share: share of its channels that a group keeps at least, more than 0 and at most 1.
        limits: the largest share of its channels that may go, 0 to 1, by name pattern (`fnmatch`) of layers; where
            several fit a layer, the smallest share counts. It is the output of the layer that is protected: its inputs
            are narrowed with the layers before it, unless those are protected too.
    """

    multiple: int = 8
    block: int = KERNEL_BLOCK
    min_share: float = 0.1
    limits: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if self.multiple < 1:
            raise InputError(f"widths are multiples of 1 or more, not of {self.multiple}")
        if self.block < 1:
            raise InputError(f"kernels compute blocks of 1 channel or more, not of {self.block}")
        if not 0 < self.min_share <= 1:
            raise InputError(
                f"the share of channels to keep (min_share) is above 0 and at most 1, not {self.min_share}"
            )
        for pattern, share in (self.limits or {}).items():
            if not 0 <= share <= 1:
                raise InputError(f"the limit of {pattern} is a share between 0 and 1, not {share}")


def ladders(graph: ChannelGraph, scores: np.ndarray, rules: WidthRules) -> tuple[Ladder, ...]:
    """The ways in which each group can be cut, in the order of the graph's groups.

    Args:
        graph: the model's channels.
        scores: float64 [number of channels], importance.
        rules: how far layers may be cut.

    Raises:
        InputError: a name pattern fits no layer.
    """
    most = _largest_shares(graph, rules.limits or {})
    made = []
    for group, share in zip(graph.groups, most, strict=True):
        channels = np.asarray(group.channels)
        order = np.argsort(scores[channels], kind="stable")
        fewest = max(1, ceil(len(channels) * max(rules.min_share, 1 - share) - 1e-9))
        cuts = _cuts(graph, group, fewest, rules)
        losses = _losses(scores[channels[order]], cuts) * (len(group.producers) + len(group.consumers))
        made.append(Ladder(tuple(channels[order].tolist()), cuts, losses))
    return tuple(made)


def _losses(scores: np.ndarray, cuts: tuple[int, ...]) -> np.ndarray:
    """What one layer of a group gives up on each rung: 1 / r - 1, where r is the share of importance that stays.

    It is the share that counts, not the sum, or else the narrowest layers would be emptied: they have the fewest
    channels to lose for the multiply-accumulates they save. It grows without limit as a layer runs dry.
    """
    total = scores.sum()
    stays = np.append(0, np.cumsum(scores[::-1]))[::-1][list(cuts)]
    losses: np.ndarray = total / stays - 1 if total > 0 else np.zeros(len(cuts))
    return losses


def _cuts(graph: ChannelGraph, group: ChannelGroup, fewest: int, rules: WidthRules) -> tuple[int, ...]:
    widths = _widths_of(graph, group)
    total = len(group.channels)
    kept = [
        count
        for count in range(total - 1, fewest - 1, -1)
        if all(_fills_kernels(count * copies + fixed, rules) for copies, fixed in widths)
    ]
    return (0, *(total - count for count in kept))


def _fills_kernels(width: int, rules: WidthRules) -> bool:
    return width % rules.multiple == 0 and (width < rules.block or width % rules.block == 0)


def _widths_of(graph: ChannelGraph, group: ChannelGroup) -> list[tuple[int, int]]:
    """What determines the widths of a group's producers.

    Returns:
        for each producer: at how many indices of its output each channel of the group stands, and how many indices
        must stay.
    """
    own = np.zeros(channel_count(graph) + 1, dtype=bool)
    own[list(group.channels)] = True
    widths = []
    for producer in group.producers:
        labels = graph.tensors.get(f"{producer}/0/0")
        if labels is not None and own[labels].any():
            copies, rest = divmod(int(own[labels].sum()), len(group.channels))
            widths.append((1 if rest else copies, int((labels == FROZEN).sum())))
    return sorted(set(widths))


def _largest_shares(graph: ChannelGraph, limits: Mapping[str, float]) -> list[float]:
    """The largest share of each group that may go."""
    group_of = np.full(channel_count(graph) + 1, FROZEN)
    for index, group in enumerate(graph.groups):
        group_of[list(group.channels)] = index
    shares = [1.0] * len(graph.groups)
    fitted = set()
    for key, labels in graph.tensors.items():
        layer = key.rsplit("/", 2)[0]
        for pattern, share in limits.items():
            if fnmatchcase(layer, pattern):
                fitted.add(pattern)
                for index in np.unique(group_of[labels]).tolist():
                    if index != FROZEN:
                        shares[index] = min(shares[index], share)
    unknown = [pattern for pattern in limits if pattern not in fitted]
    if unknown:
        raise InputError(f"no layer is called {unknown[0]}: give the name of a layer, or a pattern such as block1_*")
    return shares


def widths(graph: ChannelGraph, kept: np.ndarray) -> dict[str, int]:
    """How many channels each layer gives (the first output of its first call): by layer, in the order of the graph.

    Args:
        graph: the model's channels.
        kept: bool [number of channels + 1]; see `costs.kept_mask`.
    """
    return {
        key.rsplit("/", 2)[0]: int(kept[labels].sum()) for key, labels in graph.tensors.items() if key.endswith("/0/0")
    }
