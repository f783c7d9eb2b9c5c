"""Which settings to try, and in what order: the cheap ones first, each step keeping what the one before found best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InputError
from ...quantize.litert.apply import QuantizeError
from ...quantize.precision.choice import GOAL_DB, PrecisionPlan
from ...quantize.settings import RangeMethod, Settings
from .attempts import Trial

ENOUGH_DB = 40.0
"""An error of a hundredth of the answers' size changes none of them; nothing that costs time is tried from there on."""

EVIDENCE = 1.5
"""Standard errors by which the held samples have to speak for a change, or against one that nearly always helps. They
are few, and where answers are sure most of them show nothing: two samples alone, of many, are not enough."""

UNLIKELY_GAIN_DB = 1.0
"""What a change has to gain that helps now and then only. Choosing among several ways of setting ranges by few samples
picks by luck: over 12 draws of calibration samples for three networks, always taking the least squared error came
within 0.4 dB of the best, and taking whatever 25 held samples liked best lost 0.7 to 1.4 dB."""

OUTPUTS_GAIN_DB = 3.0
"""Whoever reads the outputs has to know that they are float; half of the error has to go with it."""

OTHER_RANGES: tuple[RangeMethod, ...] = ("minmax", "percentile", "kl")

Try = Callable[[Settings, str], Trial]
Refuge = Callable[[Settings], PrecisionPlan]


@dataclass(frozen=True)
class Search:
    """What was tried and what was kept.

    Args:
        trials: in the order in which they were made.
        best: one of them.
        precision: which operators were considered for float, or None where the integers were good enough.
    """

    trials: tuple[Trial, ...]
    best: Trial
    precision: PrecisionPlan | None = None

    @property
    def closest(self) -> bool:
        """Whether no other trial came closer to the float model; changes that nearly always help need not have to."""
        return all(one.closeness.decibels <= self.best.closeness.decibels for one in self.trials)


def search(
    attempt: Try,
    *,
    equalizable: bool,
    learn_rounding: bool,
    fixed_outputs: tuple[str, ...],
    float_operators: Refuge,
) -> Search:
    """Tries a handful of settings and keeps the best.

    Args:
        attempt: makes a file by settings and judges it.
        equalizable: whether there are scales to move between layers.
        learn_rounding: whether to learn how weights are rounded too, which takes long for large networks.
        fixed_outputs: output tensors whose integers have a scale that no calibration changes (a softmax), where the
            target lets them be float.
        float_operators: decides what to leave at float; asked only where integers alone are not good enough.
    """
    run = _Run(attempt)
    run.first(Settings(), "the default")
    if fixed_outputs and run.short_of_goal:
        # First of all: behind an output that shows no difference, no other change shows one.
        run.change(
            "outputs too fine for their scale",
            least_gain_db=OUTPUTS_GAIN_DB,
            float_operators=fixed_outputs,
            float_outputs=True,
        )
    if equalizable:
        # Even where no error is seen: a few held samples with sure answers need not show what many others lose.
        run.change("channels share their tensor's range", even_if_enough=True, equalize=True)
    for method in OTHER_RANGES:
        run.change("other ranges", least_gain_db=UNLIKELY_GAIN_DB, ranges=method)
    if learn_rounding:
        run.change("the error of rounding", rounding="learned")
    run.change("each channel's mean", bias_correction=True)
    precision = None
    if run.short_of_goal:
        precision = float_operators(run.best.settings)
        if precision.float_operators or precision.float_outputs:
            run.change(
                "what integers cannot express",
                least_gain_db=UNLIKELY_GAIN_DB,
                float_operators=precision.float_operators,
                float_outputs=precision.float_outputs,
            )
    return Search(tuple(run.trials), run.best, precision)


class _Run:
    """The trials so far and the best of them."""

    def __init__(self, attempt: Try) -> None:
        self._attempt = attempt
        self.trials: list[Trial] = []
        self.best: Trial

    @property
    def short_of_goal(self) -> bool:
        return self.best.closeness.decibels < GOAL_DB

    def first(self, settings: Settings, note: str) -> None:
        self.best = self._attempt(settings, note)
        self.trials.append(self.best)

    def change(
        self, note: str, *, least_gain_db: float | None = None, even_if_enough: bool = False, **options: Any
    ) -> None:
        """Tries the best settings with something changed, where that is needed and the network allows it.

        Args:
            note: what the change is for.
            least_gain_db: that it has to gain to be taken; None takes it unless the held samples speak against it.
            even_if_enough: whether to try it where the held samples show hardly any error.
            **options: fields of `Settings`.
        """
        if self.best.closeness.decibels >= ENOUGH_DB and not even_if_enough:
            return
        try:
            trial = self._attempt(replace(self.best.settings, **options), note)
        except (InputError, QuantizeError):  # a network with variables cannot be run operator by operator
            return
        self.trials.append(trial)
        if self._worth(trial, least_gain_db):
            self.best = trial

    def _worth(self, trial: Trial, least_gain_db: float | None) -> bool:
        evidence = trial.closeness.evidence_over(self.best.closeness)
        if least_gain_db is None:
            return evidence > -EVIDENCE
        gain = trial.closeness.decibels - self.best.closeness.decibels
        return evidence > EVIDENCE and gain > least_gain_db
