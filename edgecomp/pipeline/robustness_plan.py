"""How much of a model's robustness is measured during a conversion: what was asked for, else what takes seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..evaluate.robustness.adversarial import METHODS, STRENGTHS
from ..evaluate.robustness.corruptions import CORRUPTIONS
from .evaluating.robustness import SAMPLES, chosen_names

NONE = "none"
BY_ITSELF = ("noise", "blur", "brightness", "contrast")
BY_ITSELF_SAMPLES = 200
FEWEST_SAMPLES = 100
"""With fewer, intervals are so wide that curves say nothing."""

BY_ITSELF_SECONDS = 5.0

VALUE_SECONDS = 4e-8
"""For one input value to be made worse and normalized; 2e-8 to 3e-8 were measured on one core of an x86-64 server, over
all strengths of `BY_ITSELF`."""

SAMPLE_SECONDS = 3e-4
"""For one sample on its way to the worker and back, whatever its size; 0.2 ms of it were measured in this process."""


@dataclass(frozen=True)
class RobustnessPlan:
    """What is measured.

    Args:
        names: corruptions and attacks; none where nothing is.
        samples: that they are measured on.
        reason: why nothing is, where a reader might have expected it.
    """

    names: tuple[str, ...]
    samples: int = 0
    reason: str = ""


def plan_robustness(
    asked: str | None, *, labelled: bool, effort: str, samples: int, values: int, latency_ms: float
) -> RobustnessPlan:
    """Decides what to measure.

    Args:
        asked: names as `--robustness` takes them, "none", or None for what takes seconds.
        labelled: whether there are labels to tell right answers by.
        effort: of the conversion; "low" measures nothing by itself.
        samples: that there are.
        values: of one sample's inputs.
        latency_ms: of both files together, for one inference.

    Raises:
        InputError: a name is not known.
    """
    if asked is not None:
        names = () if asked.strip() == NONE else chosen_names(asked)
        return RobustnessPlan(names, min(samples, SAMPLES) if names else 0)
    if not labelled or samples < FEWEST_SAMPLES:
        return RobustnessPlan(())
    each = SAMPLE_SECONDS + VALUE_SECONDS * values + latency_ms / 1000
    affordable = int(BY_ITSELF_SECONDS / (each * _points(BY_ITSELF)))
    if effort == "low" or affordable < FEWEST_SAMPLES:
        whole = each * _points(tuple(one.name for one in CORRUPTIONS)) * min(samples, SAMPLES)
        return RobustnessPlan((), 0, f"Not measured, to save time; --robustness all takes about {_about(whole)}.")
    return RobustnessPlan(BY_ITSELF, min(samples, BY_ITSELF_SAMPLES, affordable))


def check_possible(asked: str | None, keras_model: Any, *, class_labels: bool) -> None:
    """Refuses what could only fail after the whole conversion.

    Args:
        asked: names as `--robustness` takes them, "none", or None.
        keras_model: what attacks take their gradients from, or None.
        class_labels: whether there are labelled samples of classes.

    Raises:
        InputError: a name is not known, or an attack is asked for and there is nothing to attack.
    """
    names = () if asked is None or asked.strip() == NONE else chosen_names(asked)
    attacks = [name for name in METHODS if name in names]
    if attacks and (keras_model is None or not class_labels):
        raise InputError(
            f"--robustness {attacks[0]} attacks a Keras classifier with labelled samples: give such a model and "
            "--eval, or leave it out"
        )


def _points(names: tuple[str, ...]) -> int:
    """Passes over the samples: one for each strength, and one over the inputs as they are."""
    corruptions = sum(len(one.strengths) for one in CORRUPTIONS if one.name in names)
    return 1 + corruptions + len(STRENGTHS) * sum(name in names for name in METHODS)


def _about(seconds: float) -> str:
    """A duration as somebody would guess it."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{round(seconds / 60)} min"
