"""Which samples a search is judged by, and which are left to report on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...data import PreparedSet, prepared
from ...data.halves import halves
from ..float_file import FloatModel
from ..quantizing.holdout import Feeds
from ..shrinking.trainer import Trainer
from ..workbench import Workbench
from .jury import Jury, Stream

BY_HEART = 2.0
"""Standard errors, by which a network that was trained on samples is better on them than on others."""

FEWEST_LABELLED = 100
"""Samples that are searched on although there are others to train on; fewer say too little to take their place."""


@dataclass(frozen=True, eq=False)
class Judging:
    """How the samples of a run are shared out.

    Args:
        jury: judges candidates.
        original: the float model, whose evaluation set has only samples that the jury does not know.
    """

    jury: Jury
    original: FloatModel


def share_out(original: FloatModel, trainer: Trainer | None, bench: Workbench) -> Judging:
    """Chooses the samples that say most of those that nothing is trained or reported on.

    Samples held out of those to train on, if there is training. But most networks were trained on those very samples
    before they came here, and know by heart what no other network will: then whatever is trained anew seems to lose
    points that it never had on new samples. So where the original is significantly better on them than on the
    evaluation set, or where they have no labels, it is one half of the evaluation set, and the other is reported on.
    That half, too, where nothing is trained; and calibration samples where there is nothing else.

    Args:
        original: what losses are counted against, with all of its samples.
        trainer: of the run, or None.
        bench: where files run.

    Raises:
        InputError: there are too few samples to judge by.
    """

    def jury(source: Any, stream: Stream) -> Jury:
        return Jury(source, original.file, original.contract, stream, bench)

    training = None if trainer is None else jury("training", trainer.held_out)
    parts = None if original.evaluation is None else halves(original.evaluation.dataset)
    if parts is None or (training is not None and len(parts[0]) < FEWEST_LABELLED):
        return Judging(training or jury("calibration", lambda: _without_labels(original.calibration)), original)
    half = prepared(parts[0], original.contract)
    evaluation = jury("evaluation", lambda: ((sample.feeds, sample.label) for sample in half))
    if training is not None and not _says_more(evaluation, training):
        return Judging(training, original)
    return Judging(evaluation, replace(original, evaluation=prepared(parts[1], original.contract)))


def _says_more(evaluation: Jury, training: Jury) -> bool:
    if evaluation.measure != "top1" or training.measure != "top1":
        return evaluation.measure == "top1"
    return learned_by_heart((training.accuracy, training.n), (evaluation.accuracy, evaluation.n))


def learned_by_heart(known: tuple[float, int], new: tuple[float, int]) -> bool:
    """Whether a network is significantly better on some samples than on others.

    Args:
        known: its accuracy on samples that it may have been trained on, and how many they are.
        new: the same of samples that it was not.
    """
    variance = sum(accuracy * (1 - accuracy) / n for accuracy, n in (known, new))
    return known[0] - new[0] > BY_HEART * math.sqrt(variance)


def _without_labels(calibration: PreparedSet) -> Iterable[tuple[Feeds, Any]]:
    return ((sample.feeds, None) for sample in calibration)
