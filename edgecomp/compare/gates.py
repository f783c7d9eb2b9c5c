"""Gates: conditions on a comparison that end a script."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..errors import InputError, MeasurementError
from .comparing import Against, Comparison
from .quantities import QUANTITIES

DROP = "drop"
"""Accuracy that was lost against the first result, in percentage points."""

_GATE = re.compile(r"^\s*([a-z0-9-]+)\s*(<=|>=|<|>)\s*([+-]?[0-9.]+(?:e[+-]?\d+)?)\s*$")


@dataclass(frozen=True)
class Gate:
    """A condition.

    Args:
        text: as it was given.
        quantity: a key of `QUANTITIES`, or `DROP`.
        sign: "<", "<=", ">" or ">=".
        limit: a multiple of the first result's figure, or for quantities compared by difference, how much more.
    """

    text: str
    quantity: str
    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value fulfils it."""
        if self.sign.startswith("<"):
            return value < self.limit or (self.sign == "<=" and value == self.limit)
        return value > self.limit or (self.sign == ">=" and value == self.limit)


def parse_gate(text: str) -> Gate:
    """Reads a condition: `latency>1.1` (more than 1.1 times the first), `drop>0.5` (over half a point lost).

    Raises:
        InputError: it is none, or names no known quantity.
    """
    match = _GATE.match(text)
    try:
        limit = float(match[3]) if match else math.nan
    except ValueError:
        limit = math.nan
    if match is None or not math.isfinite(limit):
        raise InputError(f"--fail-if {text!r} is no condition; write latency>1.1 or drop>0.5")
    if match[1] not in (*QUANTITIES, DROP):
        raise InputError(f"--fail-if {text!r}: {match[1]} is not one of {', '.join((*QUANTITIES, DROP))}")
    return Gate(text, match[1], match[2], limit)


def failures(comparison: Comparison, gate: Gate) -> list[str]:
    """A sentence for each result that fulfils a condition; none where all is well.

    Raises:
        InputError: a result has no such figure: a gate that cannot be judged must not let anything pass.
        MeasurementError: the figure is of a measurement that is not valid.
    """
    quantity = "accuracy" if gate.quantity == DROP else gate.quantity
    found = []
    for place, result in enumerate(comparison.results[1:], start=1):
        one = next((one for one in comparison.against if (one.quantity, one.result) == (quantity, place)), None)
        value = None if one is None else _value(one, gate)
        if one is not None and one.verdict == "not valid":
            raise MeasurementError(f"--fail-if {gate.text!r} cannot be judged: a measurement is not valid")
        if one is None or value is None:
            pair = f"{comparison.results[0].name} and {result.name}"
            raise InputError(
                f"--fail-if {gate.text!r} cannot be judged: {pair} do not both have a figure of {quantity}"
            )
        if gate.holds(value):
            unit = QUANTITIES[quantity].difference or "times"
            found.append(f"{result.name}: {gate.quantity} is {value:.4g} {unit} ({gate.text})")
    return found


def _value(one: Against, gate: Gate) -> float | None:
    figure = one.ratio if one.difference is None else one.difference
    if figure is None:
        return None
    return 0.0 - figure.value if gate.quantity == DROP else figure.value
