"""Every result against the first, quantity by quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import InputError
from ..evaluate.cost.scenarios import Scenario
from ..evaluate.cost.score import Score
from .intervals import apart, difference, ratio
from .quantities import QUANTITIES, Quantity
from .result import Figure, Result
from .worth import worth

Verdict = Literal["better", "worse", "equal", "no difference shown", "no interval", "not valid", "not measured"]


@dataclass(frozen=True)
class Against:
    """One figure of one result against that of the first.

    Args:
        quantity: a key of `QUANTITIES`.
        result: the place of the result, from 1 on.
        figure: as measured; None where it was not.
        ratio: multiple of the first's; None where there is none, where a measurement is not valid, and for quantities
            that are compared by difference.
        difference: for those, how much more than the first's, in the unit that `QUANTITIES` has.
        verdict: "better" or "worse" only where the intervals do not overlap.
    """

    quantity: str
    result: int
    figure: Figure | None
    ratio: Figure | None
    difference: Figure | None
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """Results side by side.

    Args:
        results: the first is what the others are held against.
        quantities: those that any of them has, in the order in which they are shown.
        against: for each quantity and each result but the first.
        devices: the different devices; one where all are known to be the same.
        worth: of each result but the first, in the scenario that was asked for; empty where none was.
    """

    results: tuple[Result, ...]
    quantities: tuple[str, ...]
    against: tuple[Against, ...]
    devices: tuple[str, ...]
    worth: tuple[Score, ...] = ()

    @property
    def same_model(self) -> bool | None:
        """Whether all results are of one .tflite file; None where that is not known."""
        known = {one.model_sha256 for one in self.results}
        if len(known - {None}) > 1:
            return False
        return None if None in known else True

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "results": [
                {
                    "name": one.name,
                    "device": dict(one.device.facts),
                    "setting": one.setting,
                    "valid": one.valid,
                    "reasons": list(one.reasons),
                    "model_sha256": one.model_sha256,
                    "mistakes": list(one.mistakes),
                    "figures": {name: asdict(figure) for name, figure in one.figures.items()},
                }
                for one in self.results
            ],
            "against_first": [asdict(one) for one in self.against],
            "across_devices": len(self.devices) > 1,
            "same_model": self.same_model,
            "worth": [one.to_dict() for one in self.worth],
        }


def compare(results: Sequence[Result], *, across_devices: bool = False, scenario: Scenario | None = None) -> Comparison:
    """Holds results against the first of them.

    Args:
        results: two or more.
        across_devices: compare figures of different devices too.
        scenario: what to weigh the figures for; None not to.

    Raises:
        InputError: there are fewer than two, they have nothing in common, or they come from different devices, or from
            devices that they do not name, and `across_devices` is False.
    """
    if len(results) < 2:
        raise InputError("one result is nothing to compare; give two or more")
    first = results[0]
    quantities = tuple(name for name in QUANTITIES if any(name in one.figures for one in results))
    if not any(name in first.figures and name in one.figures for name in quantities for one in results[1:]):
        raise InputError(f"{first.name} and the others have no figure in common; compare what measures the same")
    devices = _devices(results)
    if len(devices) > 1 and not across_devices:
        raise InputError(
            f"the results come from different devices, as far as they say: {'; '.join(devices)}. "
            "Their latencies say nothing about the models; --across-devices compares them all the same"
        )
    against = tuple(
        _against(name, place, first, one) for name in quantities for place, one in enumerate(results[1:], start=1)
    )
    weighed = () if scenario is None else _worth(against, len(results), scenario)
    return Comparison(tuple(results), quantities, against, devices, weighed)


def _worth(against: Sequence[Against], count: int, scenario: Scenario) -> tuple[Score, ...]:
    return tuple(worth([one for one in against if one.result == place], scenario) for place in range(1, count))


def _devices(results: Sequence[Result]) -> tuple[str, ...]:
    """The devices of figures that depend on one; two that are not known to be the same count as two."""
    measured = [one for one in results if any(QUANTITIES[name].on_device for name in one.figures)]
    different: list[Result] = []
    for one in measured:
        if not any(one.device.surely_same(other.device) for other in different):
            different.append(one)
    return tuple(f"{one.name} from {one.device}" for one in different)


def _against(name: str, place: int, first: Result, other: Result) -> Against:
    quantity, figure, base = QUANTITIES[name], other.figures.get(name), first.figures.get(name)
    if figure is None or base is None:
        return Against(name, place, figure, None, None, "not measured")
    if quantity.timed and (first.valid is False or other.valid is False):
        return Against(name, place, figure, None, None, "not valid")
    return Against(
        quantity=name,
        result=place,
        figure=figure,
        ratio=None if quantity.difference else ratio(figure, base),
        difference=difference(figure, base, quantity.scale) if quantity.difference else None,
        verdict=_verdict(quantity, figure, base),
    )


def _verdict(quantity: Quantity, figure: Figure, base: Figure) -> Verdict:
    if figure == base and figure == Figure.exact(figure.value):
        return "equal"
    side = apart(figure, base)
    if side is None:
        return "no interval"
    if side == 0:
        return "no difference shown"
    return "better" if (side > 0) == quantity.more_is_better else "worse"
