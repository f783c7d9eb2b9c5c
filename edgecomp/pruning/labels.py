"""What the rules write on while the analysis walks: labels for channels, and the weight axes that bear them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .channel_graph import Role
from .union_find import Unions


class NotFollowedError(Exception):
    """The channels of a call cannot be followed through it, and must stay; the message is a phrase that says why."""


@dataclass(frozen=True, eq=False)
class LabelledAxis:
    """A weight axis with a label for each index; see `WeightAxis`."""

    layer: str
    variable: str
    axis: int
    labels: np.ndarray
    role: Role


@dataclass(frozen=True, eq=False)
class MovedChannels:
    """Channels that stand along another axis of a tensor than its last.

    Args:
        labels: int64 [size of the axis]
        axis: which, counted from 0, the batch included.
    """

    labels: np.ndarray
    axis: int


class ChannelLabels:
    """Labels of channels: equal or united ones are one channel, those frozen must stay."""

    def __init__(self) -> None:
        self.unions = Unions()
        self._minted: dict[str, np.ndarray] = {}
        self._axes: dict[tuple[str, str, int], LabelledAxis] = {}
        self._frozen: list[tuple[np.ndarray, str]] = []

    @property
    def axes(self) -> tuple[LabelledAxis, ...]:
        """The weight axes, in the order in which they were met."""
        return tuple(self._axes.values())

    def mint(self, maker: str, count: int) -> np.ndarray:
        """The labels of the channels that a layer makes: new the first time, the same when it is called again.

        Args:
            maker: the layer's name, and which of its outputs where it has several.
            count: how many channels.

        Returns:
            int64 [count]
        """
        if maker not in self._minted:
            self._minted[maker] = self.unions.add(count)
        return self._minted[maker]

    def unite(self, left: np.ndarray, right: np.ndarray) -> None:
        """Makes the channels of two arrays one, position by position; the shapes broadcast."""
        self.unions.unite(left, right)

    def freeze(self, labels: np.ndarray, reason: str) -> None:
        """Says that channels must stay, and why; of several reasons the first is kept."""
        if labels.size:
            self._frozen.append((np.unique(labels), reason))

    def frozen(self, count: int, reason: str) -> np.ndarray:
        """Labels for channels of which nothing is known: int64 [count]."""
        labels = np.repeat(self.unions.add(1), count)
        self.freeze(labels, reason)
        return labels

    def mark(self, layer: str, variable: str, axis: int, labels: np.ndarray, role: Role) -> None:
        """Says which channels stand along an axis of a variable. A layer called again unites those of its calls."""
        key = (layer, variable, axis)
        if key in self._axes:
            self.unite(self._axes[key].labels, labels)
        else:
            self._axes[key] = LabelledAxis(layer, variable, axis, labels, role)

    def reasons(self, roots: np.ndarray) -> dict[int, str]:
        """Why channels must stay, by the root of their labels.

        Args:
            roots: what `unions.roots()` gave.
        """
        reasons: dict[int, str] = {}
        for labels, reason in self._frozen:
            for root in np.unique(roots[labels]).tolist():
                reasons.setdefault(root, reason)
        return reasons
