"""Finds the coefficients of the latency model from what small networks cost, and how far it can be trusted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import MeasurementError
from ..targets.prediction import Prediction
from .equations import Equations, Observation
from .tiles import choose_tiles

SECOND_CACHE, LAST_CACHE = (256, 512, 1024, 2048), (4096, 8192, 16384, 32768)
"""Sizes of caches in KiB, among which the fit chooses. A virtual machine does not get all that is built in."""

COVERED = 0.95
"""Share of the networks like real ones whose error the band covers, each predicted by a fit without it."""

LEAST_BAND = {"ns": 0.2, "instructions": 0.03}
"""By unit: a smaller one would promise more than small networks can show. On an x86-64 they were off by 6%, and 95% of
large ones that no fit had seen by less than 20%."""

MOST_ERROR = 0.35
"""Median error on the measured networks themselves above which the measurement is not believed."""


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


def fit(observations: Sequence[Observation], *, source: str, unit: str = "ns", threads: int = 1) -> Fit:
    """Finds coefficients of at least 0 for which the squares of relative errors are least.

    Args:
        observations: what networks cost.
        source: who measured, where.
        unit: of the costs: "ns" or "instructions".
        threads: those that were measured with.

    Raises:
        MeasurementError: a cost is no positive number, or the costs do not follow from the work.
    """
    _check(observations)
    equations = _set_up(observations, timed=unit == "ns")
    solution = equations.solve()
    errors = equations.errors(solution)
    blocks = [place for place, one in enumerate(observations) if one.is_block]
    for place in blocks:
        errors[place] = equations.errors(equations.solve(without=place))[place]
    # Operators find other things in the caches behind each other than in chains of their own.
    in_networks = 1 / (1 + float(np.median(errors[blocks]))) if blocks else 1.0
    solution, errors = solution * in_networks, (1 + errors) * in_networks - 1
    middle = float(np.median(np.abs(errors)))
    if middle > MOST_ERROR:
        raise MeasurementError(
            f"what was measured does not follow from the work: half of the networks are off by more than {middle:.0%}; "
            "measure again on an idle machine"
        )
    found = equations.coefficients(solution)
    prediction = Prediction(
        source=source,
        unit=unit,
        band=_band(errors[blocks] if blocks else errors, LEAST_BAND[unit]),
        operators=found.operators,
        call=found.call,
        memory=found.memory,
        threads=threads,
    )
    return Fit(prediction, {one.name: float(error) for one, error in zip(observations, errors, strict=True)})


def _set_up(observations: Sequence[Observation], *, timed: bool) -> Equations:
    """Tiles and, for times, sizes of caches that explain best what was measured."""
    tiles = choose_tiles(observations)
    if not timed:
        return Equations.of(observations, tiles)
    options = (Equations.of(observations, tiles, caches) for caches in itertools.product(SECOND_CACHE, LAST_CACHE))
    return min(options, key=_misfit)


def _misfit(equations: Equations) -> float:
    errors = equations.weights * equations.errors(equations.solve())
    return float(np.square(errors).sum())


def _check(observations: Sequence[Observation]) -> None:
    if not observations:
        raise MeasurementError("nothing was measured, so that there is nothing to fit")
    for one in observations:
        if not (np.isfinite(one.cost) and one.cost > 0):
            raise MeasurementError(f"{one.name}: {one.cost} is no cost; measure again")


def _band(errors: np.ndarray, least: float) -> float:
    """The share that covers most errors, above and below alike."""
    ratios = np.maximum(1 + errors, 1 / np.maximum(1 + errors, 0.01)) - 1
    return max(least, float(np.quantile(ratios, COVERED, method="higher")))
