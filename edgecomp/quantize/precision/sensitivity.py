"""Which units of a network int8 hurts: files in which only one is quantized, and files in which all but one are.

Runs in a worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .experiment import Experiment, Score
from .units import Unit


@dataclass(frozen=True)
class Sensitivity:
    """What quantizing one unit does.

    Args:
        unit: the operators.
        alone: where it is the only one quantized. The tensors it takes and gives are quantized with it.
        without: where everything else is quantized. An error that sits in the tensor between two units shows in both
            of them alone, and goes only when both stay float.
    """

    unit: Unit
    alone: Score
    without: Score


def measure_unit(experiment: Experiment, unit: Unit) -> Sensitivity:
    """Quantizes one unit alone, then all but this one: two files made and run.

    Args:
        experiment: see `prepare`.
        unit: one of the experiment's.
    """
    return Sensitivity(unit, measure_alone(experiment, unit), experiment.score(experiment.variant([unit])))


def measure_alone(experiment: Experiment, unit: Unit) -> Score:
    """Quantizes one unit only; inputs and outputs stay float, so that their rounding does not count."""
    others = [one for one in experiment.units if one != unit]
    return experiment.score(experiment.variant(others, io="float"))


def measure_everything(experiment: Experiment) -> Score:
    """Quantizes all of it."""
    return experiment.score(experiment.variant([]))


def measure_edges(experiment: Experiment) -> Score:
    """Quantizes the inputs and outputs only: an error that no operator at float can take away."""
    return experiment.score(experiment.variant(experiment.units))


def worst_first(measured: Sequence[Sensitivity]) -> tuple[Sensitivity, ...]:
    """By the error that a unit makes alone; where that is the same, by what keeping it at float gains."""
    return tuple(sorted(measured, key=lambda one: (-one.alone.error, one.without.error)))
