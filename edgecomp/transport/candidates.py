"""Ways of coding one tensor of weights, each with what it would cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from edgecomp_runtime.transport.adaptive import FLAT
from edgecomp_runtime.transport.arrays import group_prior, predicted, weight_prior, zero_prior
from edgecomp_runtime.transport.plan import Weights

from .codebooks import Domain, domains
from .groups import Grouped, by_level, by_values
from .lane_encoder import LaneEncoder, cost
from .tap_coding import put_taps, tap_cost, tap_plans

_STRENGTHS = (1, 2, 4, 6, 8, 11)
# The ways that look best with the usual strength are tried with each.
_USUAL_STRENGTH, _TUNED = 5, 3
# Telling zeros apart cannot pay where there are fewer.
_LEAST_ZEROS = 0.1
# Ways are compared on this many elements of a large tensor.
_COMPARED = 1 << 17


@dataclass(frozen=True)
class CodedWeights:
    """A tensor's symbols, ready to be put on the lanes.

    Args:
        plan: how they are read.
        kept: bool [elements], those that have symbols; None for all.
        zeros: contexts of what tells them from zeros; None where all have symbols.
        values: contexts of the symbols.
        symbols: uint8, of the elements that have one.
    """

    plan: Weights
    kept: np.ndarray | None
    zeros: Grouped | None
    values: Grouped
    symbols: np.ndarray

    def put(self, lanes: LaneEncoder) -> None:
        if self.zeros is not None and self.kept is not None:
            _put_groups(lanes, self.zeros)
            lanes.put(zero_prior(self.plan), self.zeros.contexts, self.kept.astype(np.uint8))
        _put_groups(lanes, self.values)
        if self.plan.taps is not None:
            put_taps(lanes, self.plan, self.values.contexts, self.symbols)
            return
        lanes.put(weight_prior(self.plan), _of_kept(self.values.contexts, self.kept), self.symbols)

    @property
    def nbytes(self) -> float:
        """What all of it costs, but for the fixed part of the plan."""
        total = _values_cost(self) + len(self.plan.codebook)
        if self.zeros is not None and self.kept is not None:
            total += _zeros_cost(self.plan, self.zeros, self.kept)
        return total


def best(plan: Weights, values: np.ndarray, file: np.ndarray, base: np.ndarray) -> CodedWeights:
    """The cheapest of the ways there are.

    Args:
        plan: where the tensor is, its shape, and what it may be predicted from.
        values: int8 [elements], as stored.
        file: uint8 [bytes], the model.
        base: uint8 [bytes], the older model, or empty.
    """
    expected = None
    if plan.source is not None:
        expected = predicted(plan, file, base)
    changes = values if expected is None else (values.view(np.uint8) - expected.view(np.uint8)).view(np.int8)
    masks: list[tuple[np.ndarray | None, Grouped | None]] = [(None, None)]
    if np.mean(values == 0) >= _LEAST_ZEROS and values.any():
        masks.append((values != 0, _zero_groups(plan, values, expected)))
    groupings = _groupings(plan, changes, expected)
    tried = [
        _coded(domain, kept, zeros, grouped, flat=flat)
        for kept, zeros in masks
        for domain in domains(plan, changes, file, kept)
        for grouped in groupings
        for flat in ((True,) if domain.plan.codebook else (False,) if grouped.plan.axes else (False, True))
    ]
    likely = sorted(tried, key=lambda one: one.nbytes)[:_TUNED]
    found = min((_with_strength(one) for one in likely), key=lambda one: one.nbytes)
    return min([found, *_by_taps(found, tried)], key=lambda one: one.nbytes)


def _by_taps(found: CodedWeights, tried: list[CodedWeights]) -> list[CodedWeights]:
    """The ways that look at a kernel's other taps: for all kinds of symbols, and the groups that do best without."""
    whole = [one for one in tried if one.kept is None]
    alone = {one.plan.codebook: one for one in whole if not one.plan.values.axes}
    grouped = [one for one in whole if one.plan.values.axes and one.plan.codebook == found.plan.codebook]
    starts = [*alone.values(), *sorted(grouped, key=lambda one: one.nbytes)[:1]]
    ways = [replace(one, plan=plan) for one in starts for plan in tap_plans(one.plan, one.symbols)]
    likely = sorted(ways, key=lambda one: one.nbytes)[:1]
    return [_with_strength(one) for one in likely]


def _coded(
    domain: Domain, kept: np.ndarray | None, zeros: Grouped | None, grouped: Grouped, *, flat: bool
) -> CodedWeights:
    plan = replace(
        domain.plan,
        zeros=None if zeros is None else zeros.plan,
        values=grouped.plan,
        flat=flat,
        spread=FLAT if flat else grouped.level,
        strength=_USUAL_STRENGTH,
    )
    return CodedWeights(plan, kept, zeros, grouped, domain.symbols)


def _axes(plan: Weights) -> list[tuple[int, ...]]:
    long = tuple(axis for axis, size in enumerate(plan.shape) if size > 1)
    return list(dict.fromkeys([(), (plan.axis,) if plan.axis in long else (), long]))


def _groupings(plan: Weights, values: np.ndarray, expected: np.ndarray | None) -> list[Grouped]:
    magnitudes = np.abs(values.astype(np.float32)).reshape(plan.shape)
    found = [by_level(magnitudes, axes, expected) for axes in _axes(plan)]
    sets = by_values(values.reshape(plan.shape), plan.axis, expected) if plan.shape else None
    return found if sets is None else [*found, sets]


def _zero_groups(plan: Weights, values: np.ndarray, expected: np.ndarray | None) -> Grouped:
    """Contexts by how many elements of a slice are not zero."""
    kept = values != 0
    density = (64 * kept.astype(np.float32)).reshape(plan.shape)
    tried = [by_level(density, axes, expected) for axes in _axes(plan)]
    return min(tried, key=lambda one: _zeros_cost(replace(plan, zeros=one.plan), one, kept))


def _with_strength(coded: CodedWeights) -> CodedWeights:
    tried = [replace(coded, plan=replace(coded.plan, strength=one)) for one in _STRENGTHS]
    return min(tried, key=_values_cost)


def _values_cost(coded: CodedWeights) -> float:
    if coded.plan.taps is not None:
        return _groups_cost(coded.values) + tap_cost(coded.plan, coded.values.contexts, coded.symbols)
    contexts, count = _of_kept(coded.values.contexts, coded.kept), len(coded.symbols)
    some = slice(0, _COMPARED)
    spent = cost(weight_prior(coded.plan), None if contexts is None else contexts[some], coded.symbols[some])
    return _groups_cost(coded.values) + spent * max(1.0, count / _COMPARED)


def _zeros_cost(plan: Weights, zeros: Grouped, kept: np.ndarray) -> float:
    return _groups_cost(zeros) + cost(zero_prior(plan), zeros.contexts, kept.astype(np.uint8))


def _groups_cost(grouped: Grouped) -> float:
    return sum(
        cost(group_prior(centre), None, group)
        for centre, group in zip(grouped.plan.centres, grouped.groups, strict=True)
    )


def _put_groups(lanes: LaneEncoder, grouped: Grouped) -> None:
    for centre, group in zip(grouped.plan.centres, grouped.groups, strict=True):
        lanes.put(group_prior(centre), None, group)


def _of_kept(contexts: np.ndarray | None, kept: np.ndarray | None) -> np.ndarray | None:
    return contexts if contexts is None or kept is None else contexts[kept]
