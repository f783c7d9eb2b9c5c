"""Finds the coefficients of the latency model from what small networks cost."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import MeasurementError
from ..targets.prediction import QUANTITIES, OperatorCosts, Prediction
from ..tflite import TfliteModel
from .nonnegative import nonnegative_least_squares
from .work import LINES, PRODUCTS, Tile, Work, operator_work

TILE_ROWS, TILE_COLUMNS, TILE_DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 14), (8, 16, 32, 64), (1, 2, 4, 8)
"""Tiles that XNNPACK's kernels for matrix products have, one way or another; the fit chooses."""

LINE_COLUMNS = (4, 8, 16, 32)
"""Channels that its depthwise kernels compute at a time."""

SMALLEST_TILED = 2
"""Networks of a kind and precision from which on its tile is looked for."""

BLOCK_WEIGHT = 2.0
"""How much a network that mixes operators counts, beside a chain of one operator."""

COVERED = 0.95
"""Share of the networks like real ones whose error the band covers, each predicted by a fit without it."""

LEAST_BAND = 0.03
"""A smaller one would promise more than a few networks can show."""

MOST_ERROR = 0.35
"""Median error on the measured networks themselves above which the measurement is not believed."""

_Key = tuple[str, str]


@dataclass(frozen=True)
class Observation:
    """What a network costs.

    Args:
        name: for messages.
        works: of its operators.
        cost: in nanoseconds, or instructions.
        is_block: whether it mixes operators as real networks do.
    """

    name: str
    works: tuple[Work, ...]
    cost: float
    is_block: bool = False


@dataclass(frozen=True)
class Fit:
    """Coefficients, and how well they explain what was measured.

    Args:
        prediction: the coefficients, with the band.
        errors: share by which each network is predicted too high (above 0) or too low, by name; those that are like
            real ones by a fit that did without them.
    """

    prediction: Prediction
    errors: dict[str, float]


def works_of(model: TfliteModel) -> tuple[Work, ...]:
    """The work of each operator of the main graph."""
    return tuple(operator_work(model.main, operator) for operator in model.main.operators)


def fit(observations: Sequence[Observation], *, source: str, unit: str = "ns", threads: int = 1) -> Fit:
    """Finds coefficients of at least 0 that make the relative errors least squares.

    Args:
        observations: what networks cost.
        source: who measured, where.
        unit: of the costs: "ns" or "instructions".
        threads: those that were measured with.

    Raises:
        MeasurementError: a cost is no positive number, or the costs cannot be explained by the work.
    """
    for one in observations:
        if not (np.isfinite(one.cost) and one.cost > 0):
            raise MeasurementError(f"{one.name}: {one.cost} is no cost; measure again")
    if not observations:
        raise MeasurementError("nothing was measured, so that there is nothing to fit")
    tiles = _choose_tiles(observations)
    whole = _Columns.of(observations, tiles)
    coefficients = whole.solve(np.ones(len(observations), bool))
    errors = whole.errors(coefficients)
    blocks = [place for place, one in enumerate(observations) if one.is_block]
    for place in blocks:
        others = np.ones(len(observations), bool)
        others[place] = False
        errors[place] = whole.errors(whole.solve(others))[place]
    middle = float(np.median(np.abs(errors)))
    if middle > MOST_ERROR:
        raise MeasurementError(
            f"what was measured does not follow from the work: half of the networks are off by more than {middle:.0%}; "
            "measure again on an idle machine"
        )
    judged = [errors[place] for place in blocks] or list(errors)
    prediction = Prediction(
        source=source, unit=unit, band=_band(judged), threads=threads, **whole.costs(coefficients, tiles)
    )
    named = {one.name: float(error) for one, error in zip(observations, errors, strict=True)}
    return Fit(prediction, named)


def _band(errors: Sequence[float]) -> float:
    """The share that covers most errors, above and below alike."""
    ratios = [max(1 + error, 1 / max(1 + error, 0.01)) - 1 for error in errors]
    return max(LEAST_BAND, float(np.quantile(ratios, COVERED, method="higher")))


def _choose_tiles(observations: Sequence[Observation]) -> dict[_Key, Tile]:
    """For kernels that compute tiles those that explain best what chains of them cost.

    Pointwise products and other convolutions are computed by the same tiles.
    """
    products = [Tile(*sizes) for sizes in itertools.product(TILE_ROWS, TILE_COLUMNS, TILE_DEPTHS)]
    lines = [Tile(columns=columns) for columns in (1, *LINE_COLUMNS)]
    chosen: dict[_Key, Tile] = {}
    for precision in sorted({work.precision for one in observations for work in one.works}):
        chosen |= _choose(observations, precision, PRODUCTS, products)
        for kind in sorted({work.kind for one in observations for work in one.works if work.kind in LINES}):
            chosen |= _choose(observations, precision, (kind,), lines)
        if ("pointwise", precision) in chosen:
            chosen["dense", precision] = replace(chosen["pointwise", precision], rows=1)
    return chosen


def _choose(
    observations: Sequence[Observation], precision: str, kinds: Sequence[str], options: Sequence[Tile]
) -> dict[_Key, Tile]:
    own = [one for one in observations if all((w.kind in kinds and w.precision == precision) for w in one.works)]
    if len(own) < SMALLEST_TILED:
        return {}
    keys = [(kind, precision) for kind in kinds]
    return dict.fromkeys(keys, min(options, key=lambda tile: _misfit(own, dict.fromkeys(keys, tile))))


def _misfit(observations: Sequence[Observation], tiles: Mapping[_Key, Tile]) -> float:
    columns = _Columns.of(observations, tiles)
    errors = columns.errors(columns.solve(np.ones(len(observations), bool)))
    return float(np.square(errors).sum())


@dataclass(frozen=True, eq=False)
class _Columns:
    """The equations: one row for each network, its quantities as shares of its cost.

    Args:
        names: of the columns: a kind, a precision and a quantity; ("", "", "call") and ("", "", "byte") are of all.
        matrix: float64 [networks, columns].
        weights: float64 [networks].
    """

    names: tuple[tuple[str, str, str], ...]
    matrix: np.ndarray
    weights: np.ndarray

    @staticmethod
    def of(observations: Sequence[Observation], tiles: Mapping[_Key, Tile]) -> _Columns:
        places: dict[tuple[str, str, str], int] = {("", "", "call"): 0, ("", "", "byte"): 1}
        rows = [_quantities(one, tiles) for one in observations]
        for row in rows:
            for name in row:
                places.setdefault(name, len(places))
        matrix = np.zeros((len(rows), len(places)))
        for number, (one, row) in enumerate(zip(observations, rows, strict=True)):
            for name, amount in row.items():
                matrix[number, places[name]] = amount / one.cost
        weights = np.array([BLOCK_WEIGHT if one.is_block else 1.0 for one in observations])
        return _Columns(tuple(places), matrix, weights)

    def solve(self, used: np.ndarray) -> np.ndarray:
        weights = self.weights[used]
        return nonnegative_least_squares(self.matrix[used] * weights[:, None], weights)

    def errors(self, coefficients: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.matrix @ coefficients - 1
        return found

    def costs(self, coefficients: np.ndarray, tiles: Mapping[_Key, Tile]) -> dict[str, object]:
        """The coefficients as fields of a `Prediction`."""
        by_key: dict[_Key, dict[str, float]] = {}
        shared = {"call": 0.0, "byte": 0.0}
        for (kind, precision, quantity), value in zip(self.names, coefficients.tolist(), strict=True):
            if kind:
                by_key.setdefault((kind, precision), {})[quantity] = value
            else:
                shared[quantity] = value
        operators = []
        for (kind, precision), values in sorted(by_key.items()):
            tile = tiles.get((kind, precision), Tile())
            operators.append(
                replace(OperatorCosts(kind, precision, (tile.rows, tile.columns, tile.depth)), **values)
            )
        return {"operators": tuple(operators), **shared}


def _quantities(one: Observation, tiles: Mapping[_Key, Tile]) -> dict[tuple[str, str, str], float]:
    found = {("", "", "call"): 1.0, ("", "", "byte"): float(sum(work.nbytes for work in one.works))}
    for work in one.works:
        amounts = work.quantities(tiles.get((work.kind, work.precision), Tile()))
        for quantity in QUANTITIES:
            amount = 1.0 if quantity == "operator" else amounts.get(quantity, 0.0)
            if amount:
                name = work.kind, work.precision, quantity
                found[name] = found.get(name, 0.0) + amount
    return found
