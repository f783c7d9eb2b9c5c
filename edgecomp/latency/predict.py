"""How long a .tflite takes on a device, and what memory, before anybody has run it there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import InputError
from ..targets import Target
from ..targets.prediction import QUANTITIES, OperatorCosts, Prediction
from ..tflite import TfliteModel, peak_activation_bytes, weight_bytes
from .work import LINES, Tile, Work, overflow, weight_overflow, works_of

SPLIT = frozenset({"mac", "spill", "output", "tap", "weight", "element", "run"})
"""Quantities that threads share among them; starting operators and moving bytes they do not."""


@dataclass(frozen=True)
class PredictedLatency:
    """A prediction.

    Args:
        latency_ms: of one inference.
        low: lower end of the band.
        high: upper end.
        operators_ms: by operator of the main graph, in its order; without what the call costs besides, and weights that
            no cache holds.
        unknown: names of operators that the profile has no coefficients for; the ones of similar ones stand in.
        peak_memory_bytes: weights and activations at the most.
        threads: that it holds for.
    """

    latency_ms: float
    low: float
    high: float
    operators_ms: tuple[float, ...]
    unknown: tuple[str, ...]
    peak_memory_bytes: int
    threads: int

    def to_dict(self) -> dict[str, float | int]:
        """What `report.json` has of it."""
        return {
            "latency_ms": self.latency_ms,
            "low": self.low,
            "high": self.high,
            "peak_memory_bytes": self.peak_memory_bytes,
        }


def can_predict(target: Target) -> bool:
    """Whether a profile has coefficients that give a time."""
    found = target.prediction
    return found is not None and (found.unit == "ns" or found.instruction is not None)


def predict(model: TfliteModel, target: Target, *, threads: int | None = None) -> PredictedLatency:
    """Predicts from the coefficients of a device's profile.

    Args:
        model: the file.
        target: the device.
        threads: of the interpreter; by default what the profile gives it.

    Raises:
        InputError: the profile has no coefficients that give a time, or an operator is not whole.
    """
    count = threads or target.runtime.threads
    costs = CostModel(_timed(target))
    works = works_of(model)
    each = tuple(costs.operator_cost(work, count) for work in works)
    total = costs.call + costs.weights_cost(works) + sum(each)
    band = costs.prediction.band
    return PredictedLatency(
        latency_ms=total / 1e6,
        low=total / (1 + band) / 1e6,
        high=total * (1 + band) / 1e6,
        operators_ms=tuple(one / 1e6 for one in each),
        unknown=tuple(sorted({work.kind for work in works if not costs.knows(work)})),
        peak_memory_bytes=weight_bytes(model) + peak_activation_bytes(model),
        threads=count,
    )


def _timed(target: Target) -> Prediction:
    found = target.prediction
    if found is None:
        raise InputError(
            f"the profile {target.name} says nothing of how long operators take: measure with `edgecomp targets fit`"
        )
    if not can_predict(target):
        raise InputError(
            f"the profile {target.name} has instructions and not what one takes, so that only shares of them can be "
            "told: measure with `edgecomp targets fit`"
        )
    return found


@dataclass(frozen=True)
class CostModel:
    """The coefficients at work: costs in nanoseconds, or in instructions where their time is not known."""

    prediction: Prediction

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], OperatorCosts]:
        return {(one.kind, one.precision): one for one in self.prediction.operators}

    @property
    def call(self) -> float:
        """What an inference costs besides its operators."""
        return self.prediction.call * self._unit("float32")

    def knows(self, work: Work) -> bool:
        """Whether there are coefficients for just this kind."""
        return (work.kind, work.precision) in self._by_key

    def costs_of(self, kind: str, precision: str) -> OperatorCosts:
        """The coefficients of a kind, or of the one that stands in for it."""
        for one in _stand_ins(kind, precision):
            if one in self._by_key:
                return self._by_key[one]
        return OperatorCosts(kind, precision)

    def operator_cost(self, work: Work, threads: int = 1) -> float:
        """What an operator costs."""
        costs = self.costs_of(work.kind, work.precision)
        share = max(1, threads) / self.prediction.threads
        amounts = work.quantities(Tile(*costs.tile)) | {"operator": 1.0}
        total = 0.0
        for quantity in QUANTITIES:
            part = getattr(costs, quantity) * amounts.get(quantity, 0.0)
            total += part / share if quantity in SPLIT else part
        return total * self._unit(work.precision) + sum(
            one.activation * overflow(work.nbytes, one.kib) for one in self.prediction.memory
        )

    def weights_cost(self, works: Sequence[Work]) -> float:
        """What fetching a network's weights costs, beside computing with them."""
        return sum(one.weight * weight_overflow(works, one.kib) for one in self.prediction.memory)

    def _unit(self, precision: str) -> float:
        """Nanoseconds of what the coefficients count; 1 where they are nanoseconds, or nobody knows."""
        instruction = self.prediction.instruction
        return 1.0 if instruction is None else float(getattr(instruction, precision))


def _stand_ins(kind: str, precision: str) -> Iterable[tuple[str, str]]:
    """What is nearest to a kind, nearest first."""
    if kind == "fused":
        yield kind, precision
        return
    other = "float32" if precision == "int8" else "int8"
    similar = (kind, kind.removesuffix(" by channel"), *(LINES if kind in LINES else ()), "ADD")
    yield from ((one, each) for each in (precision, other) for one in similar)
