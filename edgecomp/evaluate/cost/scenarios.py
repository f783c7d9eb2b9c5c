"""Where a model is used, and what counts there how much.

The weights are judgments and no measurements: a start, to be set by whoever knows the product. They say how often a
doubling of one quantity outweighs a doubling of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

from ...errors import InputError

QUANTITIES = {
    "accuracy": "accuracy",
    "latency": "latency",
    "size": "file size",
    "memory": "peak memory",
    "energy": "energy",
    "macs": "multiply-accumulates",
}
"""What can be weighed, and what it is called in sentences."""


@dataclass(frozen=True)
class Scenario:
    """What counts in one kind of use.

    Args:
        name: as `--scenario` takes it.
        title: in sentences: "a phone".
        weights: by quantity, 0 or more; what is not named counts nothing.
        points_that_halve: percentage points of accuracy whose loss is as bad as twice the cost.
    """

    name: str
    title: str
    weights: Mapping[str, float]
    points_that_halve: float = 1.0


SCENARIOS = {
    one.name: one
    for one in (
        # An app is downloaded and runs beside others: frames a second and megabytes count about alike.
        Scenario("phone", "a phone", {"accuracy": 3, "latency": 3, "size": 2, "energy": 1, "memory": 1}),
        # The battery decides how often somebody climbs up to it; a wrong alarm is looked at by a person.
        Scenario(
            "camera", "a camera on battery", {"energy": 4, "accuracy": 2, "latency": 2, "memory": 1, "size": 1}, 2.0
        ),
        # Being late or wrong is what hurts; power and storage are there.
        Scenario("car", "a car", {"accuracy": 5, "latency": 3, "memory": 1}, 0.5),
        # Many streams on one box: each inference's time and memory limit how many.
        Scenario("gateway", "a gateway", {"latency": 4, "accuracy": 3, "memory": 2, "size": 1}),
    )
}


def scenario(name: str | None, weights: str | None = None) -> Scenario:
    """A scenario, with weights of one's own.

    Args:
        name: one of `SCENARIOS`; None for one that weighs only what `weights` names.
        weights: such as "latency=3,accuracy=5": these replace those of the scenario; `halves=0.5` sets the points of
            accuracy whose loss is as bad as twice the cost.

    Raises:
        InputError: a name is not known, or a weight is no number of 0 or more.
    """
    if name is not None and name not in SCENARIOS:
        raise InputError(f"--scenario {name} is none of {', '.join(SCENARIOS)}")
    base = SCENARIOS[name] if name is not None else Scenario("own", "this use", {})
    given = _parsed(weights or "")
    halves = given.pop("halves", base.points_that_halve)
    if not halves:
        raise InputError("--weights halves=0: give the points of accuracy that halve the worth, more than 0")
    found = replace(base, weights={**base.weights, **given}, points_that_halve=halves)
    if not any(found.weights.values()):
        raise InputError(f"--weights: nothing counts; give at least one of {', '.join(QUANTITIES)} a weight")
    return found


def _parsed(text: str) -> dict[str, float]:
    found = {}
    for part in (one.strip() for one in text.split(",") if one.strip()):
        name, _, value = (one.strip() for one in part.partition("="))
        if name not in (*QUANTITIES, "halves"):
            raise InputError(f"--weights {part}: {name!r} is none of {', '.join(QUANTITIES)}, halves")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not (isfinite(number) and number >= 0):
            raise InputError(f"--weights {part}: {value!r} is no number of 0 or more")
        found[name] = number
    return found
