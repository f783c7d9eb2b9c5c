"""The search for units to keep at float: grow until the goal is reached, then quantize again what was needless.

Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...tflite import read_tflite
from .experiment import Experiment, Score
from .relative_cost import Cost, file_cost
from .units import Unit

LATENCY_BUDGET = 0.10
SIZE_BUDGET = 0.10

LATENCY_FREE_NS = 2000.0
SIZE_FREE_BYTES = 4096
"""What any network may spend: in one that takes microseconds, or has a few kB, a single conversion is over 10%."""

LEAST_GAIN_DB = 0.5
"""What a unit at float has to gain, given the others, to be worth its conversions."""


@dataclass(frozen=True)
class Budget:
    """What float operators may cost.

    Args:
        latency: share of the all-int8 file's latency, by the model in `relative_cost`.
        size: share of its bytes.
    """

    latency: float = LATENCY_BUDGET
    size: float = SIZE_BUDGET

    def allows(self, cost: Cost, base: Cost) -> bool:
        """Whether a file costs at most this much more than another."""
        slower, larger = cost.nanoseconds - base.nanoseconds, cost.nbytes - base.nbytes
        return slower <= max(self.latency * base.nanoseconds, LATENCY_FREE_NS) and larger <= max(
            self.size * base.nbytes, SIZE_FREE_BYTES
        )


@dataclass(frozen=True)
class Variant:
    """A file with some units at float, measured.

    Args:
        kept: the units at float.
        float_outputs: whether its outputs are float32 although its inputs are integers.
        score: how close it is to the float file.
        cost: of the file as it is.
    """

    kept: tuple[Unit, ...]
    float_outputs: bool
    score: Score
    cost: Cost


@dataclass(frozen=True)
class Found:
    """What a search ended with.

    Args:
        variant: the best file.
        within_budget: whether the budget allowed everything that was tried.
    """

    variant: Variant
    within_budget: bool


class FloatSearch:
    """Tries variants of one file.

    Args:
        experiment: makes and measures them.
        budget: what they may cost.
        goal_db: how close is close enough.
        base: cost of the file that is integers throughout.
    """

    def __init__(self, experiment: Experiment, budget: Budget, goal_db: float, base: Cost) -> None:
        self._experiment = experiment
        self._budget = budget
        self._goal_db = goal_db
        self._base = base

    def make(self, kept: tuple[Unit, ...], *, float_outputs: bool) -> Variant:
        """Makes and measures a file, whatever it costs."""
        file = self._experiment.variant(kept, float_outputs=float_outputs)
        return Variant(kept, float_outputs, self._experiment.score(file), file_cost(read_tflite(file)))

    def find(self, variant: Variant, order: Sequence[Unit]) -> Found:
        """Adds what helps; then once more what was too dear before needless units were quantized again.

        Args:
            variant: where to start.
            order: units to add, the most promising first.
        """
        grown, refused = self._grown(variant, order)
        pruned = self._pruned(grown)
        if refused and pruned.kept != grown.kept and pruned.score.decibels < self._goal_db:
            grown, refused = self._grown(pruned, refused)
            pruned = self._pruned(grown)
        return Found(pruned, within_budget=not refused)

    def gain(self, variant: Variant, unit: Unit) -> float:
        """dB that a unit at float is worth, given the others."""
        less = self.make(_without(variant.kept, unit), float_outputs=variant.float_outputs)
        return variant.score.decibels - less.score.decibels

    def _grown(self, variant: Variant, order: Sequence[Unit]) -> tuple[Variant, list[Unit]]:
        """Adds units in order up to the goal; those that do not fit are passed over, and returned."""
        refused = []
        for unit in order:
            if variant.score.decibels >= self._goal_db:
                break
            larger = self._affordable((*variant.kept, unit), float_outputs=variant.float_outputs)
            if larger is None:
                refused.append(unit)
            else:
                variant = larger
        return variant, refused

    def _affordable(self, kept: tuple[Unit, ...], *, float_outputs: bool) -> Variant | None:
        """A file within the budget, measured; None where it would be dearer."""
        file = self._experiment.variant(kept, float_outputs=float_outputs)
        cost = file_cost(read_tflite(file))
        if not self._budget.allows(cost, self._base):
            return None
        return Variant(kept, float_outputs, self._experiment.score(file), cost)

    def _pruned(self, variant: Variant) -> Variant:
        """Quantizes again what gains too little, the least suspect first."""
        for unit in reversed(variant.kept):
            smaller = self._affordable(_without(variant.kept, unit), float_outputs=variant.float_outputs)
            if smaller is not None and self._as_good(smaller.score.decibels, variant.score.decibels):
                variant = smaller
        return variant

    def _as_good(self, decibels: float, present: float) -> bool:
        missed = decibels < self._goal_db <= present
        return not missed and decibels > present - LEAST_GAIN_DB


def _without(kept: tuple[Unit, ...], unit: Unit) -> tuple[Unit, ...]:
    return tuple(one for one in kept if one != unit)
