"""What networks cost as linear equations: each cost is a sum of quantities of work, times coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..targets.prediction import QUANTITIES, MemoryLevel, OperatorCosts
from .nonnegative import nonnegative_least_squares
from .work import Tile, Work, overflow, weight_overflow

BLOCK_WEIGHT = 2.0
"""How much a network that mixes operators counts, beside a chain of one operator."""

Key = tuple[str, str]
"""A kind and a precision."""

_Column = tuple[str, str, str]
_CALL: _Column = ("", "", "call")
_WEIGHT, _ACTIVATION = "weights beyond", "activations beyond"


@dataclass(frozen=True)
class Observation:
    """What a network costs.

    Args:
        name: what it is, and its precision last.
        works: of its operators.
        cost: in nanoseconds, or instructions.
        is_block: whether it mixes operators as real networks do.
    """

    name: str
    works: tuple[Work, ...]
    cost: float
    is_block: bool = False

    @property
    def family(self) -> str:
        """What it is, in any precision."""
        return self.name.rpartition(" ")[0]


@dataclass(frozen=True)
class Coefficients:
    """A solution: by kind and precision, and what all operators share (see `Prediction`)."""

    operators: tuple[OperatorCosts, ...]
    call: float
    memory: tuple[MemoryLevel, ...]


@dataclass(frozen=True, eq=False)
class Equations:
    """One equation for each network: its quantities as shares of its cost add up to 1.

    So errors are relative, and a network of microseconds counts as much as one of milliseconds.

    Args:
        columns: what the coefficients are of: a kind, a precision and a quantity; or what is shared by all.
        matrix: float64 [networks, columns].
        weights: float64 [networks].
        tiles: what kernels compute at a time, by kind and precision.
        caches: sizes of caches in KiB, smallest first, whose overflow has coefficients.
    """

    columns: tuple[_Column, ...]
    matrix: np.ndarray
    weights: np.ndarray
    tiles: Mapping[Key, Tile]
    caches: tuple[int, ...] = ()

    @staticmethod
    def of(observations: Sequence[Observation], tiles: Mapping[Key, Tile], caches: tuple[int, ...] = ()) -> Equations:
        """Sets them up."""
        rows = [_quantities(one, tiles) | _overflows(one, caches) for one in observations]
        columns = {column: place for place, column in enumerate(dict.fromkeys(name for row in rows for name in row))}
        matrix = np.zeros((len(rows), len(columns)))
        for number, (one, row) in enumerate(zip(observations, rows, strict=True)):
            for name, amount in row.items():
                matrix[number, columns[name]] = amount / one.cost
        weights = np.array([BLOCK_WEIGHT if one.is_block else 1.0 for one in observations])
        return Equations(tuple(columns), matrix, weights, tiles, caches)

    def solve(self, without: Sequence[int] = ()) -> np.ndarray:
        """The coefficients, none below 0, for which the weighted squares of errors are least.

        Args:
            without: equations to leave out.

        Returns:
            float64 [columns].
        """
        weights = self.weights.copy()
        weights[list(without)] = 0
        return nonnegative_least_squares(self.matrix * weights[:, None], weights)

    def errors(self, solution: np.ndarray) -> np.ndarray:
        """By what share each network is predicted too high, or too low (below 0): float64 [networks]."""
        return np.asarray(self.matrix @ solution - 1)

    def coefficients(self, solution: np.ndarray) -> Coefficients:
        """A solution under its names."""
        values = dict(zip(self.columns, solution.tolist(), strict=True))
        operators = []
        for kind, precision in sorted({column[:2] for column in self.columns if column[0]}):
            tile = self.tiles.get((kind, precision), Tile())
            own = OperatorCosts(kind, precision, (tile.rows, tile.columns, tile.depth))
            costs = {quantity: values.get((kind, precision, quantity), 0.0) for quantity in QUANTITIES}
            operators.append(replace(own, **costs))
        memory = [
            MemoryLevel(kib, *(values.get(("", str(kib), quantity), 0.0) for quantity in (_WEIGHT, _ACTIVATION)))
            for kib in self.caches
        ]
        return Coefficients(tuple(operators), values.get(_CALL, 0.0), tuple(memory))


def _overflows(one: Observation, caches: Sequence[int]) -> dict[_Column, float]:
    found = {("", str(kib), _WEIGHT): weight_overflow(one.works, kib) for kib in caches}
    # No small network has an operator that reads and writes more than the last cache holds.
    activations = {kib: sum(overflow(work.nbytes, kib) for work in one.works) for kib in caches[:1]}
    return found | {("", str(kib), _ACTIVATION): nbytes for kib, nbytes in activations.items()}


def _quantities(one: Observation, tiles: Mapping[Key, Tile]) -> dict[_Column, float]:
    found = {_CALL: 1.0}
    for work in one.works:
        amounts = work.quantities(tiles.get((work.kind, work.precision), Tile())) | {"operator": 1.0}
        for quantity, amount in amounts.items():
            if amount:
                name = work.kind, work.precision, quantity
                found[name] = found.get(name, 0.0) + amount
    return found
