"""Which operators stay float, so that the rest can be int8 within a budget of time and size. Runs in a worker process.

Float is the refuge, and not int16 activations (int16x8): LiteRT's CPU has no fast kernels for those. They take 17 to 25
times the instructions of int8, on x86 and ARM alike, where float takes two to four times the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...tflite import read_tflite
from ..ranges.choice import Ranges
from .experiment import INT8, Feeds, NumberFormat, Score, prepare
from .float_search import LATENCY_BUDGET, LEAST_GAIN_DB, SIZE_BUDGET, Budget, FloatSearch, Found, Variant
from .relative_cost import file_cost
from .screening import suspects
from .sensitivity import measure_alone, measure_edges
from .units import Unit

GOAL_DB = 25.0
"""Where it is good enough by default: the error has 0.3% of the energy of what tells answers apart."""

CANDIDATES = 8
"""Units that are tried, besides those that take what they give."""

NEGLIGIBLE_DB = 10.0
"""Units that are so much closer alone than the goal asks are not tried: their error is a tenth of what is allowed."""

FLOAT_OUTPUTS_GAIN_DB = 3.0
"""What float32 outputs have to gain."""


@dataclass(frozen=True)
class Kept:
    """A unit that stays float.

    Args:
        unit: the operators.
        alone: how close the file is in which only this unit is quantized.
        gain_db: what would be lost if this one were quantized after all and the others kept.
    """

    unit: Unit
    alone: Score
    gain_db: float


@dataclass(frozen=True)
class PrecisionPlan:
    """Which operators stay float, for what gain, at what cost.

    Args:
        kept: the units, those that lost most first.
        float_outputs: whether the outputs are float32 although the inputs are int8, because no integer with one scale
            can tell the answers apart.
        before: how close the all-int8 file is.
        after: how close the planned file is.
        latency_ratio: predicted latency over that of the all-int8 file.
        size_ratio: bytes over those of the all-int8 file.
        conversions: QUANTIZE and DEQUANTIZE operators more than in the all-int8 file.
        reason: why it ends here; one sentence.
    """

    kept: tuple[Kept, ...]
    float_outputs: bool
    before: Score
    after: Score
    latency_ratio: float
    size_ratio: float
    conversions: int
    reason: str

    @property
    def float_operators(self) -> tuple[str, ...]:
        """What `quantize` is given."""
        return tuple(name for one in self.kept for name in one.unit.tensors)


def choose_float_operators(
    model: bytes,
    ranges: Ranges,
    *,
    threads: int,
    samples: Sequence[Feeds],
    classes: Sequence[bool],
    numbers: NumberFormat = INT8,
    goal_db: float = GOAL_DB,
    latency_budget: float = LATENCY_BUDGET,
    size_budget: float = SIZE_BUDGET,
    allow_float: bool = True,
    allow_float_outputs: bool = False,
    candidates: int = CANDIDATES,
) -> PrecisionPlan:
    """Keeps units at float, those first that lose most alone, until the goal or the end of the budget is reached.

    Units join even where they gain nothing by themselves, since an error that sits in the tensor between two units goes
    only with both; what turns out to be needless is quantized again at the end.

    Args:
        model: a float .tflite with a signature.
        ranges: of its tensors.
        threads: of the interpreter.
        samples: held ones, at least two; they need no labels.
        classes: for each output, whether it scores classes along its last axis.
        numbers: the integers of the file to be shipped.
        goal_db: how close is close enough.
        latency_budget: latency that may be added, as a share of the all-int8 file's.
        size_budget: bytes that may be added, likewise.
        allow_float: whether the target runs float operators at all.
        allow_float_outputs: whether outputs may become float32 as a last resort.
        candidates: units to try, see `CANDIDATES`.

    Raises:
        QuantizeError: the file cannot be quantized, or does not run.
    """
    experiment, quantized = prepare(model, ranges, threads=threads, samples=samples, classes=classes, numbers=numbers)
    start = Variant((), False, experiment.score(quantized), file_cost(read_tflite(quantized)))
    if start.score.decibels >= goal_db:
        return _plan(start, start, {}, (), f"int8 throughout reaches {goal_db:g} dB")
    if not allow_float:
        return _plan(start, start, {}, (), "the target runs no float operators")
    edges = measure_edges(experiment)
    helpful = edges.decibels >= start.score.decibels + LEAST_GAIN_DB
    last_resort = allow_float_outputs and numbers.io == "int8"
    if not helpful and not last_resort:
        lost = f"integer inputs and outputs alone leave {edges.decibels + 0:.1f} dB, so that no operator at float helps"
        return _plan(start, start, {}, (), lost)
    alone = {unit: measure_alone(experiment, unit) for unit in suspects(experiment, quantized, candidates)}
    harmful = [unit for unit, score in alone.items() if score.decibels < goal_db + NEGLIGIBLE_DB]
    order = sorted(harmful, key=lambda unit: -alone[unit].error)
    search = FloatSearch(experiment, Budget(latency_budget, size_budget), goal_db, start.cost)
    found = search.find(start, order) if helpful else Found(start, within_budget=True)
    if found.variant.score.decibels < goal_db and last_resort:
        other = search.find(search.make((), float_outputs=True), order)
        # Whoever reads the outputs has to know of float32, therefore half the error has to go with them.
        if other.variant.score.decibels >= found.variant.score.decibels + FLOAT_OUTPUTS_GAIN_DB:
            found = other
    gains = [search.gain(found.variant, unit) for unit in found.variant.kept]
    return _plan(start, found.variant, alone, gains, _reason(found, goal_db))


def _reason(found: Found, goal_db: float) -> str:
    if found.variant.score.decibels >= goal_db:
        return f"{goal_db:g} dB are reached" + (" with float32 outputs" if found.variant.float_outputs else "")
    if not found.within_budget:
        return f"{goal_db:g} dB are not reached within the budget; more float operators would exceed it"
    return f"{goal_db:g} dB are not reached, and no other operator at float gains {LEAST_GAIN_DB:g} dB"


def _plan(
    start: Variant, best: Variant, alone: dict[Unit, Score], gains: Sequence[float], reason: str
) -> PrecisionPlan:
    return PrecisionPlan(
        kept=tuple(Kept(unit, alone[unit], gain) for unit, gain in zip(best.kept, gains, strict=True)),
        float_outputs=best.float_outputs,
        before=start.score,
        after=best.score,
        latency_ratio=best.cost.nanoseconds / start.cost.nanoseconds if start.cost.nanoseconds else 1.0,
        size_ratio=best.cost.nbytes / start.cost.nbytes,
        conversions=best.cost.conversions - start.cost.conversions,
        reason=reason,
    )
