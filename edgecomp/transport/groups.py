"""Groups the slices of a tensor, so that an element's context says what to expect of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from edgecomp_runtime.transport.arrays import contexts_of
from edgecomp_runtime.transport.plan import BUCKETS, MAX_CONTEXTS, MAX_GROUPS, Grouping

# The group that stands for "as usual" along an axis that only adjusts another's groups.
_USUAL = 8


@dataclass(frozen=True)
class Grouped:
    """A grouping with its groups.

    Args:
        plan: how groups make contexts.
        groups: uint8 [size of the axis] for each of the plan's axes.
        contexts: uint8 [elements], or None where there is one context.
        level: of the first context, in half octaves of magnitude (as a prior's spread counts them).
    """

    plan: Grouping
    groups: tuple[np.ndarray, ...]
    contexts: np.ndarray | None
    level: int


def by_level(measure: np.ndarray, axes: tuple[int, ...], expected: np.ndarray | None) -> Grouped:
    """Groups slices by their mean: those along the first axis set the level, those along the others adjust it.

    Args:
        measure: float [shape], magnitudes, or any other positive measure of each element.
        axes: to group along.
        expected: see `contexts_of`.
    """
    usual = int(_half_octaves(np.array(measure.mean())))
    groups = []
    for order, axis in enumerate(axes):
        levels = _half_octaves(measure.mean(axis=tuple(one for one in range(measure.ndim) if one != axis)))
        groups.append(np.clip(levels if order == 0 else levels - usual + _USUAL, 0, MAX_GROUPS - 1).astype(np.uint8))
    adjusted = _USUAL * max(0, len(axes) - 1)
    offset, contexts = 0, 1
    if axes:
        sums = contexts_of(measure.shape, Grouping(axes, (), 0, 256), groups, None)
        offset = max(int(np.min(sums)), adjusted) if sums is not None else 0
        most = MAX_CONTEXTS if expected is None else MAX_CONTEXTS // BUCKETS
        contexts = int(np.clip(int(np.max(sums)) - offset + 1, 1, most)) if sums is not None else 1
    level = offset - adjusted if axes else usual
    return _grouped(measure.shape, axes, groups, offset, contexts, expected, level)


def by_values(values: np.ndarray, axis: int, expected: np.ndarray | None) -> Grouped | None:
    """Groups channels by which values occur in them, so that a context need not expect the others'.

    Weights that were clustered before they were quantized have few values in each channel, but not the same ones.

    Args:
        values: int8 [shape].
        axis: of the channels.
        expected: see `contexts_of`.

    Returns:
        None where there is one group, or more than can be told apart.
    """
    rows = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    present = np.zeros((len(rows), 256), bool)
    present[np.arange(len(rows))[:, None], rows.view(np.uint8)] = True
    groups = np.zeros(len(rows), np.uint8)
    sets: list[np.ndarray] = []
    for row in np.argsort(-present.sum(axis=1), kind="stable"):
        fitting = [index for index, one in enumerate(sets) if not (present[row] & ~one).any()]
        if not fitting:
            sets.append(present[row])
            if len(sets) > (MAX_GROUPS if expected is None else MAX_CONTEXTS // BUCKETS):
                return None
        groups[row] = fitting[0] if fitting else len(sets) - 1
    return _grouped(values.shape, (axis,), [groups], 0, len(sets), expected, 0) if len(sets) > 1 else None


def _half_octaves(means: np.ndarray) -> np.ndarray:
    """Magnitudes on the scale of a prior's spread."""
    levels: np.ndarray = np.clip(np.rint(2 * np.log2(means + 0.25) + 4), 0, MAX_GROUPS - 1).astype(int)
    return levels


def _grouped(
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    groups: list[np.ndarray],
    offset: int,
    contexts: int,
    expected: np.ndarray | None,
    level: int,
) -> Grouped:
    plan = Grouping(axes, tuple(int(np.median(group)) for group in groups), offset, contexts) if axes else Grouping()
    return Grouped(plan, tuple(groups), contexts_of(shape, plan, groups, expected), level)
