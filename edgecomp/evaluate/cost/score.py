"""Several figures in one: the weighted geometric mean of how many times less each costs than the float model's.

Ratios have no unit, and a geometric mean gives the same ranking whichever file they are taken against (Fleming and
Wallace, "How not to lie with statistics: the correct way to summarize benchmark results", 1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

from .scenarios import QUANTITIES, Scenario

FACTOR_LIMIT = 1e6
"""Times: no figure counts for more, so that a 0 that was rounded does not decide everything."""


@dataclass(frozen=True)
class Quantity:
    """One figure of a file and of the float file it is held against.

    Args:
        name: a key of `scenarios.QUANTITIES`.
        unit: "points" (percentage points of accuracy that are lost), "ms", "bytes", "mJ" or "".
        value: the file's; None where it was neither measured nor predicted.
        reference: the float file's; None likewise, and for accuracy.
        source: where both are from: "measured here", "predicted for NAME", …; None where they are missing.
    """

    name: str
    unit: str
    value: float | None = None
    reference: float | None = None
    source: str | None = None

    @property
    def gain(self) -> float | None:
        """How many times less the file costs; None where a figure is missing, and for accuracy."""
        if self.name == "accuracy" or self.value is None or self.reference is None:
            return None
        if self.value <= 0 or self.reference <= 0:
            return None
        return min(max(self.reference / self.value, 1 / FACTOR_LIMIT), FACTOR_LIMIT)

    def to_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        return {
            "name": self.name,
            "title": QUANTITIES[self.name].capitalize(),
            "unit": self.unit,
            "value": self.value,
            "reference": self.reference,
            "gain": self.gain,
            "source": self.source,
        }


@dataclass(frozen=True)
class Part:
    """What one quantity adds to a score.

    Args:
        name: of the quantity.
        weight: its share of all weights that count, 0 to 1.
        gain: how many times better it is.
        factor: what the score is multiplied by because of it: gain to the power of weight.
    """

    name: str
    weight: float
    gain: float
    factor: float


@dataclass(frozen=True)
class Score:
    """What a file is worth in a scenario.

    Args:
        scenario: the scenario.
        value: times the float model's worth; None where no figure is there.
        parts: of the quantities that are there.
        missing: names of those that count and are not there.
        covered: share of the weights that figures are there for, 0 to 1.
    """

    scenario: Scenario
    value: float | None
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    covered: float

    @property
    def words(self) -> str:
        """The score in a sentence."""
        return self.against("the float model")

    def against(self, reference: str) -> str:
        """The score in a sentence.

        Args:
            reference: what the figures are held against, as a sentence calls it.
        """
        named = ", ".join(QUANTITIES[one] for one in self.missing)
        without = f"; without {named}, not known" if self.missing else ""
        if self.value is None:
            return f"No score for {self.scenario.title}{without}."
        return f"{self.value:.3g} times the worth of {reference} for {self.scenario.title}{without}."

    def to_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        return {
            "name": self.scenario.name,
            "title": self.scenario.title,
            "weights": dict(self.scenario.weights),
            "points_that_halve": self.scenario.points_that_halve,
            "score": self.value,
            "covered": self.covered,
            "missing": list(self.missing),
            "parts": [
                {"name": one.name, "weight": one.weight, "gain": one.gain, "factor": one.factor} for one in self.parts
            ],
            "words": self.words,
        }


def score(quantities: Sequence[Quantity], scenario: Scenario) -> Score:
    """Weighs figures; what is missing counts nothing, and the score says so.

    Args:
        quantities: of one file.
        scenario: what counts.
    """
    weighed = {name: weight for name, weight in scenario.weights.items() if weight > 0}
    gains = {one.name: _gain(one, scenario) for one in quantities if one.name in weighed}
    known = {name: gain for name, gain in gains.items() if gain is not None}
    total = sum(weighed[name] for name in known)
    shares = {name: weighed[name] / total for name in known}
    parts = tuple(Part(name, share, known[name], known[name] ** share) for name, share in shares.items())
    return Score(
        scenario,
        exp(sum(part.weight * log(part.gain) for part in parts)) if parts else None,
        parts,
        tuple(name for name in weighed if name not in known),
        total / sum(weighed.values()) if weighed else 0.0,
    )


def _gain(one: Quantity, scenario: Scenario) -> float | None:
    if one.name != "accuracy":
        return one.gain
    if one.value is None:
        return None
    lost = max(0.0, one.value)  # what is gained by rounding is chance, and no merit
    return max(float(2.0 ** (-min(lost / scenario.points_that_halve, 100.0))), 1 / FACTOR_LIMIT)
