"""Choosing a level for each weight so that error and price together become small.

The error is quadratic in the weights of an output (`mend.moments.Quadratic`). First weight by weight, each time moving
those still to come so that they make up for the error, as Frantar et al. 2023 ("GPTQ") do, and with zeros that are
given as Frantar & Alistarh 2023 ("SparseGPT"); then coordinate descent, each weight in turn taking the best level given
the others. That a level costs what an entropy coder takes for it is entropy-constrained quantization (Chou, Lookabaugh
& Gray 1989); prices follow the choices from pass to pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..mend.moments import Quadratic
from .price import Prices, free, prices

SWEEPS = 8
BLOCK = 64
"""Weights decided upon before all others are brought up to date, in one matrix product."""

SETTLED = 1e-3
"""Share of weights that a last pass changes."""


@dataclass(frozen=True, eq=False)
class Levels:
    """What the weights of a layer may be.

    Args:
        values: float32 [levels], ascending; 0 is among them where some weights have to be 0.
        kept: bool [groups, outputs, taps], False where a weight has to be 0; None where any may be anything.
        bit_worth: float32 [groups, outputs], the error that a bit is worth; 0 where bits cost nothing.
        kernel: see `prices`.
    """

    values: np.ndarray
    kept: np.ndarray | None
    bit_worth: np.ndarray
    kernel: tuple[int, int] = (1, 1)


def choose(error: Quadratic, levels: Levels) -> np.ndarray:
    """Indices of the levels: int [groups, outputs, taps]."""
    goal = np.linalg.solve(_definite(error.gram), error.pull.transpose(0, 2, 1).astype(np.float64))
    wanted = goal.transpose(0, 2, 1).astype(np.float32)
    first = _nearest(wanted, levels)
    paid = bool(levels.bit_worth.any())
    chosen = _with_feedback(error.gram, wanted, levels, _prices(first, levels, paid=paid))
    for _ in range(SWEEPS):
        before = chosen
        chosen = _sweep(error, levels, chosen, _prices(chosen, levels, paid=paid))
        if np.mean(chosen != before) <= SETTLED:
            break
    return chosen


def _prices(indices: np.ndarray, levels: Levels, *, paid: bool) -> Prices:
    return prices(indices, levels.values, levels.kernel) if paid else free(indices, len(levels.values))


def _nearest(wanted: np.ndarray, levels: Levels) -> np.ndarray:
    middles = (levels.values[:-1] + levels.values[1:]) / 2
    indices = np.searchsorted(middles, wanted)
    zero = int(np.abs(levels.values).argmin())
    return indices if levels.kept is None else np.where(levels.kept, indices, zero)


def _with_feedback(gram: np.ndarray, wanted: np.ndarray, levels: Levels, cost: Prices) -> np.ndarray:
    """The inputs of most energy first, since those after them can make up for more."""
    order = np.argsort(-np.diagonal(gram, axis1=1, axis2=2), axis=1, kind="stable")
    permuted = np.take_along_axis(np.take_along_axis(gram, order[:, :, None], 1), order[:, None, :], 2)
    feedback = np.linalg.cholesky(np.linalg.inv(_definite(permuted))).transpose(0, 2, 1).astype(np.float32)
    moving = np.take_along_axis(wanted, order[:, None, :], 2)
    pick = _Picker(levels, cost, order).at
    chosen = np.empty(moving.shape, np.intp)
    taps = gram.shape[1]
    for first in range(0, taps, BLOCK):
        last = min(first + BLOCK, taps)
        local = moving[:, :, first:last].copy()
        errors = np.empty_like(local)
        for offset, tap in enumerate(range(first, last)):
            own = feedback[:, tap, tap, None]
            value = local[:, :, offset]
            chosen[:, :, tap] = pick(tap, value, 1 / np.square(own))
            errors[:, :, offset] = (value - levels.values[chosen[:, :, tap]]) / own
            local[:, :, offset + 1 :] -= errors[:, :, offset, None] * feedback[:, tap, None, tap + 1 : last]
        moving[:, :, last:] -= errors @ feedback[:, first:last, last:]
    result = np.empty_like(chosen)
    np.put_along_axis(result, np.broadcast_to(order[:, None, :], chosen.shape), chosen, 2)
    return result


def _definite(gram: np.ndarray) -> np.ndarray:
    """In float64, with so much on the diagonal that what float32 rounds off cannot make it indefinite."""
    taps = gram.shape[-1]
    rounded = taps * np.finfo(np.float32).eps * np.diagonal(gram, axis1=1, axis2=2).max(axis=1)
    wide: np.ndarray = gram.astype(np.float64) + 2 * rounded[:, None, None] * np.eye(taps)
    return wide


def _sweep(error: Quadratic, levels: Levels, chosen: np.ndarray, cost: Prices) -> np.ndarray:
    """Each weight in turn takes the best level given the others."""
    taps = error.gram.shape[1]
    order = np.broadcast_to(np.arange(taps), (len(error.gram), taps))
    pick = _Picker(levels, cost, order).at
    result: np.ndarray = chosen.copy()
    gradient = levels.values[chosen] @ error.gram - error.pull
    curvature = np.diagonal(error.gram, axis1=1, axis2=2)[:, None, :]
    for first in range(0, taps, BLOCK):
        block = slice(first, first + BLOCK)
        local = gradient[:, :, block].copy()
        change = np.zeros_like(local)
        for offset, tap in enumerate(range(taps)[block]):
            now = levels.values[result[:, :, tap]]
            result[:, :, tap] = pick(tap, now - local[:, :, offset] / curvature[:, :, tap], curvature[:, :, tap])
            change[:, :, offset] = levels.values[result[:, :, tap]] - now
            local += change[:, :, offset, None] * error.gram[:, tap, None, block]
        gradient += change @ error.gram[:, block, :]
    return result


class _Picker:
    """Picks levels for the weights of one tap.

    Args:
        levels: to pick from.
        cost: of each level, for each weight.
        order: int [groups, taps], which tap comes when.
    """

    def __init__(self, levels: Levels, cost: Prices, order: np.ndarray) -> None:
        self._values = levels.values
        self._worth = levels.bit_worth[:, :, None]
        self._zero = int(np.abs(levels.values).argmin())
        self._bits = cost.bits
        self._paid = bool(levels.bit_worth.any())
        along = order[:, None, :]
        self._contexts = np.take_along_axis(cost.contexts, along, 2)
        self._kept = None if levels.kept is None else np.take_along_axis(levels.kept, along, 2)

    def at(self, tap: int, wanted: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        """The level of least `curvature (level - wanted)² + worth of its bits`: int [groups, outputs].

        Args:
            tap: of the order.
            wanted: float32 [groups, outputs].
            curvature: positive, of the same shape but for outputs, which may be one.
        """
        above = np.searchsorted(self._values, wanted)
        last = len(self._values) - 1
        near = [np.clip(above + shift, 0, last) for shift in ((-2, -1, 0, 1) if self._paid else (-1, 0))]
        candidates = np.stack([*near, np.full_like(above, self._zero)] if self._paid else near, axis=-1)
        cost = curvature[..., None] * np.square(self._values[candidates] - wanted[..., None])
        if self._paid:
            cost += self._worth * self._bits[self._contexts[:, :, tap, None], candidates]
        best: np.ndarray = np.take_along_axis(candidates, cost.argmin(axis=-1)[..., None], -1)[..., 0]
        return best if self._kept is None else self._where_kept(tap, best)

    def _where_kept(self, tap: int, chosen: np.ndarray) -> np.ndarray:
        assert self._kept is not None
        held: np.ndarray = np.where(self._kept[:, :, tap], chosen, self._zero)
        return held
