"""Gates: conditions on a comparison that end a script."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import EdgecompError, InputError, MeasurementError
from .comparing import Against, Comparison
from .conditions import AllOf, AnyOf, Condition, Expression, parse_expression
from .quantities import QUANTITIES
from .result import Result

DROP = "drop"
"""Accuracy that was lost against the first result, in percentage points."""

WORTH = "worth"
"""Times the worth of the first result, in the scenario that was asked for."""


@dataclass(frozen=True)
class Gate:
    """A condition, or several.

    Args:
        text: as it was given.
        expression: what it says. Limits are multiples of the first result's figure, or for quantities compared by
            difference, how much more.
    """

    text: str
    expression: Expression


def parse_gate(text: str) -> Gate:
    """Reads a condition: `latency>1.1` (more than 1.1 times the first), `drop>0.5 or size>1`.

    Raises:
        InputError: it is none, or names no known quantity.
    """
    return Gate(text, parse_expression(text, (*QUANTITIES, DROP, WORTH)))


def failures(comparison: Comparison, gate: Gate) -> list[str]:
    """A sentence for each result that fulfils a condition; none where all is well.

    What is known decides where it can: of `a or b`, one that holds is enough, whatever the other one is.

    Raises:
        InputError: a result has not the figures: a gate that cannot be judged must not let anything pass.
        MeasurementError: a figure is of a measurement that is not valid.
    """
    found = []
    for place, result in enumerate(comparison.results[1:], start=1):
        judged = _Judged(comparison, gate, place, result).judge(gate.expression)
        if judged.unknown is not None:
            raise judged.unknown
        if judged.holds:
            found.append(f"{result.name}: {', '.join(judged.said)} ({gate.text.strip()})")
    return found


@dataclass(frozen=True)
class _Outcome:
    """What became of an expression.

    Args:
        holds: whether it does.
        said: the conditions that make it so, with their figures.
        unknown: why it cannot be judged, or None.
    """

    holds: bool
    said: tuple[str, ...] = ()
    unknown: EdgecompError | None = None


@dataclass(frozen=True)
class _Judged:
    """One result before a gate."""

    comparison: Comparison
    gate: Gate
    place: int
    result: Result

    def judge(self, expression: Expression) -> _Outcome:
        """In three values: an expression holds, does not, or cannot be judged (S. C. Kleene's strong logic)."""
        if isinstance(expression, Condition):
            return self._condition(expression)
        outcomes = [self.judge(one) for one in expression.parts]
        deciding = [one for one in outcomes if one.unknown is None and one.holds == isinstance(expression, AnyOf)]
        unknown = next((one for one in outcomes if one.unknown is not None), None)
        if not deciding and unknown is not None:
            return unknown
        if isinstance(expression, AllOf) == bool(deciding):
            return _Outcome(False)
        return _Outcome(True, tuple(word for one in outcomes if one.holds for word in one.said))

    def _condition(self, condition: Condition) -> _Outcome:
        if condition.quantity == WORTH:
            return self._worth(condition)
        quantity = "accuracy" if condition.quantity == DROP else condition.quantity
        wanted = (quantity, self.place)
        one = next((one for one in self.comparison.against if (one.quantity, one.result) == wanted), None)
        cannot = f"--fail-if {self.gate.text!r} cannot be judged"
        if one is not None and one.verdict == "not valid":
            return _Outcome(False, unknown=MeasurementError(f"{cannot}: a measurement is not valid"))
        value = None if one is None else _value(one, condition)
        if value is None:
            pair = f"{self.comparison.results[0].name} and {self.result.name}"
            return _Outcome(False, unknown=InputError(f"{cannot}: {pair} do not both have a figure of {quantity}"))
        unit = QUANTITIES[quantity].difference or "times"
        return _Outcome(condition.holds(value), (f"{condition.quantity} is {value:.4g} {unit}",))

    def _worth(self, condition: Condition) -> _Outcome:
        scores = self.comparison.worth
        value = scores[self.place - 1].value if scores else None
        if value is None:
            why = "no figure of it is known" if scores else "say what counts with --scenario or --weights"
            return _Outcome(False, unknown=InputError(f"--fail-if {self.gate.text!r} cannot be judged: {why}"))
        return _Outcome(condition.holds(value), (f"{WORTH} is {value:.4g} times",))


def _value(one: Against, condition: Condition) -> float | None:
    figure = one.ratio if one.difference is None else one.difference
    if figure is None:
        return None
    return 0.0 - figure.value if condition.quantity == DROP else figure.value
