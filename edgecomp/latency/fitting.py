"""Finds the coefficients of the latency model from what small networks cost, and how far it can be trusted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..errors import MeasurementError
from ..targets.prediction import Prediction
from .equations import Equations, Observation
from .tiles import choose_tiles

SECOND_CACHE, LAST_CACHE = (256, 512, 1024, 2048), (4096, 8192, 16384, 32768)
"""Sizes of caches in KiB, among which the fit chooses. A virtual machine does not get all that is built in."""

COVERED, CONFIDENCE = 0.95, 0.95
"""Share of networks that the band is to cover, and how sure of that a handful of families makes."""

LEAST_BAND = 0.001
"""By so much counts of one network may differ, as in `edgecomp.emulate.count`."""

MOST_ERROR = 0.35
"""Median error on the measured networks themselves above which the measurement is not believed."""


@dataclass(frozen=True)
class Fit:
    """Coefficients, and how well they explain what was measured.

    Args:
        prediction: the coefficients, with the band.
        errors: share by which each network is predicted too high (above 0) or too low, by name; those that are like
            real ones by a fit that did without their family.
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
    families = _families(observations)
    for places in families:
        errors[places] = equations.errors(equations.solve(without=places))[places]
    blocks = [place for places in families for place in places]
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
        band=_band([errors[places] for places in families] if len(families) > 1 else np.split(errors, len(errors))),
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


def _families(observations: Sequence[Observation]) -> list[list[int]]:
    """Places of the networks like real ones, those of one family together."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(observations):
        if one.is_block:
            found.setdefault(one.family, []).append(place)
    return list(found.values())


def _band(errors: Sequence[np.ndarray]) -> float:
    """The share that covers most networks of families that the fit has not seen.

    A tolerance interval of the normal distribution: so wide that it covers `COVERED` of all families with
    `CONFIDENCE`, however few have shown how much they differ.

    Args:
        errors: of each family; a fit that did without it made them.
    """
    ratios = [np.log(np.maximum(1 + each, 0.01)) for each in errors]
    if len(ratios) > 1:  # what all others have in common is corrected for, as far as they tell
        ratios = [
            each - np.median(np.concatenate([*ratios[:place], *ratios[place + 1 :]]))
            for place, each in enumerate(ratios)
        ]
    spread = float(np.sqrt(np.mean(np.square(np.concatenate(ratios)))))
    return max(LEAST_BAND, float(np.expm1(_tolerance_factor(len(ratios)) * spread)))


def _tolerance_factor(count: int) -> float:
    """Standard deviations of a two-sided tolerance interval, from so many families.

    Howe, "Two-sided tolerance limits for normal populations", 1969, with the quantile of chi-square by Wilson and
    Hilferty, 1931.
    """
    degrees = max(1, count - 1)
    normal = NormalDist()
    third = 2 / (9 * degrees)
    chi_square = degrees * (1 - third + normal.inv_cdf(1 - CONFIDENCE) * third**0.5) ** 3
    reach = normal.inv_cdf((1 + COVERED) / 2)
    return float(reach * (degrees * (1 + 1 / (degrees + 1)) / chi_square) ** 0.5)
