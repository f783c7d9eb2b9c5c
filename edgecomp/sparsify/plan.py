"""How many weights of each layer become zero, and then which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import InputError
from .pattern import ANY, Pattern

Scope = Literal["network", "layer"]


@dataclass(frozen=True)
class LayerSparsity:
    """What is planned for one layer.

    Args:
        name: of the layer.
        weights: how many it has.
        zeros: how many of them become zero.
    """

    name: str
    weights: int
    zeros: int

    @property
    def share(self) -> float:
        """Of its weights that become zero, 0 to 1."""
        return self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class SparsityPlan:
    """What is planned for a network.

    Args:
        layers: in the order in which they were given.
        pattern: which weights go together.
    """

    layers: tuple[LayerSparsity, ...]
    pattern: Pattern = ANY

    @property
    def share(self) -> float:
        """Of all weights that become zero, 0 to 1."""
        weights = sum(one.weights for one in self.layers)
        return sum(one.zeros for one in self.layers) / weights if weights else 0.0


def plan_sparsity(
    scores: Mapping[str, np.ndarray], share: float, *, scope: Scope = "network", pattern: Pattern = ANY
) -> SparsityPlan:
    """Plans for a share of zeros.

    Args:
        scores: of each layer's weights, [outputs, taps], by the layer's name; comparable between layers where the
            scope is the network.
        share: of all weights, 0 to 1; what a pattern such as 2:4 gives by itself goes before it.
        scope: "network" takes the lowest scores wherever they are, "layer" the same share of each layer.
        pattern: which weights go together; with blocks, as many go as come closest to the share.

    Raises:
        InputError: the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise InputError(f"sparsity {share:g}: give the share of weights that become zero, from 0 to 1")
    if pattern.group:
        return SparsityPlan(
            tuple(LayerSparsity(name, one.size, int(_beyond_kept(one, pattern).sum())) for name, one in scores.items()),
            pattern,
        )
    blocks = {name: _Blocks.of(one, pattern) for name, one in scores.items()}
    if scope == "layer":
        zeros = {name: one.zeros(_reached(one, share)) for name, one in blocks.items()}
    else:
        together = _Blocks.joined(list(blocks.values()))
        ends = np.cumsum([len(one.sizes) for one in blocks.values()])
        took = np.split(together.taken(_reached(together, share)), ends)
        zeros = {name: int(one.sizes[went].sum()) for (name, one), went in zip(blocks.items(), took, strict=False)}
    return _plan(scores, zeros, pattern)


def plan_below(scores: Mapping[str, np.ndarray], threshold: float, *, pattern: Pattern = ANY) -> SparsityPlan:
    """Plans for all weights whose scores (or whose blocks' mean scores) are below a threshold to become zero.

    Raises:
        InputError: the pattern says by itself how many stay.
    """
    if pattern.group:
        raise InputError(f"the pattern {pattern} says how many weights become zero: leave the threshold out")
    blocks = {name: _Blocks.of(one, pattern) for name, one in scores.items()}
    return _plan(scores, {name: int(one.sizes[one.scores < threshold].sum()) for name, one in blocks.items()}, pattern)


def keep_masks(plan: SparsityPlan, scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which weights stay, by the scores that the plan was made from.

    Returns:
        bool, shaped like the scores: True where a weight stays. Ties go by position.
    """
    return {one.name: _mask(scores[one.name], one.zeros, plan.pattern) for one in plan.layers}


def _mask(scores: np.ndarray, zeros: int, pattern: Pattern) -> np.ndarray:
    if pattern.group:
        return ~_beyond_kept(scores, pattern)
    blocks = _Blocks.of(scores, pattern)
    went = blocks.taken(int(np.searchsorted(blocks.reach, zeros, side="right")))
    return pattern.spread(~went.reshape(pattern.members(scores.shape).shape), scores.shape)


def _plan(scores: Mapping[str, np.ndarray], zeros: Mapping[str, int], pattern: Pattern) -> SparsityPlan:
    return SparsityPlan(tuple(LayerSparsity(name, one.size, zeros[name]) for name, one in scores.items()), pattern)


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Blocks of one or several layers.

    Args:
        scores: float64 [blocks].
        sizes: int [blocks], their weights.
        order: int [blocks], the lowest score first.
        reach: int [blocks], weights in the first 1, 2, … of that order.
    """

    scores: np.ndarray
    sizes: np.ndarray
    order: np.ndarray
    reach: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, pattern: Pattern) -> _Blocks:
        return cls._sorted(pattern.pooled(scores).ravel(), pattern.members(scores.shape).ravel())

    @classmethod
    def joined(cls, parts: list[_Blocks]) -> _Blocks:
        none = [np.empty(0)]
        return cls._sorted(
            np.concatenate([one.scores for one in parts] or none),
            np.concatenate([one.sizes for one in parts] or none).astype(int),
        )

    @classmethod
    def _sorted(cls, scores: np.ndarray, sizes: np.ndarray) -> _Blocks:
        order = np.argsort(scores, kind="stable")
        return cls(scores, sizes, order, np.cumsum(sizes[order]))

    def taken(self, count: int) -> np.ndarray:
        """bool [blocks], whether a block is among the first so many."""
        went = np.zeros(len(self.sizes), bool)
        went[self.order[:count]] = True
        return went

    def zeros(self, count: int) -> int:
        """How many weights these have."""
        return int(self.reach[count - 1]) if count else 0


def _reached(blocks: _Blocks, share: float) -> int:
    """How many blocks come closest to a share of the weights."""
    goal = share * float(blocks.sizes.sum())
    ends = np.concatenate([[0], blocks.reach])
    return int(np.abs(ends - goal).argmin())


def _beyond_kept(scores: np.ndarray, pattern: Pattern) -> np.ndarray:
    """bool, where a weight is not among the best of its group; a last, shorter group keeps its share, rounded up."""
    outputs, taps = scores.shape
    groups = -(-taps // pattern.group)
    padded = np.full((outputs, groups * pattern.group), -np.inf)
    padded[:, :taps] = scores
    grouped = padded.reshape(outputs, groups, pattern.group)
    rank = np.argsort(np.argsort(-grouped, axis=2, kind="stable"), axis=2, kind="stable")
    kept = np.full(groups, pattern.kept)
    if taps % pattern.group:
        kept[-1] = -(-(taps % pattern.group) * pattern.kept // pattern.group)
    beyond: np.ndarray = (rank >= kept[:, None]).reshape(outputs, -1)[:, :taps]
    return beyond
