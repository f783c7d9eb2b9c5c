"""Trying preprocessings on labelled samples: which one does the model answer right with?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from edgecomp_runtime.preprocess import Preprocess

from ..dataset import Sample
from .answers import Evaluate, Verdicts
from .significance import above_chance, sign_test, standard_errors

LOOKS = ((50, 0.001), (200, 0.002), (600, 0.005))
"""How many samples to look at, and the significance asked of a difference in right answers. Most mistakes in scaling
show in the first look; the levels add up to less than 1%, since there are up to three of them."""

WORKS = 0.25
"""A model has to get this share of what guessing leaves wrong right: how one that barely works was trained cannot be
told from its answers."""

LOSS_RATIO = 3.0
"""Where right answers do not tell candidates apart, the next one's cross-entropy has to be this many times the least.
A wrong scale makes a network far too sure or far too unsure; less than that may be its own fault."""

LOSS_ERRORS = 3.0
"""And the difference this many standard errors."""


@dataclass(frozen=True)
class Trial:
    """What trying the candidates gave.

    Args:
        verdicts: of each candidate.
        winner: the one that is clearly best, or None.
        tied: the candidates that may be best, where labels alone do not decide; empty where none beats guessing.
        why: a clause for the user.
    """

    verdicts: Mapping[Preprocess, Verdicts]
    winner: Preprocess | None
    tied: tuple[Preprocess, ...]
    why: str

    def figures(self) -> dict[str, dict[str, float | int]]:
        """Right answers, samples and cross-entropy (nats) of each candidate, ready for JSON."""
        return {str(one): _figures(verdicts) for one, verdicts in self.verdicts.items()}


def choose_by_trial(
    candidates: Sequence[Preprocess], evaluate: Evaluate, draw: Callable[[int], Sequence[Sample]]
) -> Trial | None:
    """Tries candidates on more and more labelled samples until one is clearly best.

    Args:
        candidates: the preprocessings in question.
        evaluate: runs the model.
        draw: gives at most that many samples labelled with class indices, evenly spread.

    Returns:
        What the last look gave, with the figures of candidates that earlier ones ruled out; None without samples.
    """
    ruled_out: dict[Preprocess, Verdicts] = {}
    trial: Trial | None = None
    for count, level in LOOKS:
        samples = draw(count)
        if not samples:
            return None
        verdicts = {one: _as_verdicts(evaluate(one, samples), len(samples)) for one in candidates}
        decided = decide(verdicts, np.array([one.label for one in samples], np.int64), level)
        trial = replace(decided, verdicts={**ruled_out, **verdicts})
        if trial.winner or len(samples) < count:
            break
        if trial.tied:
            ruled_out.update((one, verdict) for one, verdict in verdicts.items() if one not in trial.tied)
            candidates = trial.tied
    return trial if trial is None or trial.winner else _break_tie(trial)


def decide(verdicts: Mapping[Preprocess, Verdicts], labels: np.ndarray, level: float) -> Trial:
    """Chooses the candidate with the most right answers, if that is clear.

    Args:
        verdicts: of each candidate, on the same samples.
        labels: int64, shape [n].
        level: significance asked of every comparison.
    """
    right = {one: int(verdict.correct.sum()) for one, verdict in verdicts.items()}
    best = max(verdicts, key=lambda one: right[one])
    count, told = len(labels), ", ".join(f"{one.name} {right[one]}" for one in verdicts)
    often = float(np.max(np.unique(labels, return_counts=True)[1])) / count
    chance = max(often, 1 / max(verdicts[best].classes, 2))
    if above_chance(right[best], count, chance) > level or right[best] / count < chance + WORKS * (1 - chance):
        why = f"the model does little better than guessing under every candidate (right of {count} samples: {told})"
        return Trial(verdicts, None, (), why)
    tied = tuple(one for one in verdicts if one == best or _difference(verdicts[best], verdicts[one]) > level)
    if len(tied) == 1:
        why = f"the model answers labelled samples clearly best with {best.name} (right of {count}: {told})"
        return Trial(verdicts, best, tied, why)
    names = " and ".join(one.name for one in tied)
    return Trial(verdicts, None, tied, f"labelled samples do not tell {names} apart (right of {count}: {told})")


def _break_tie(trial: Trial) -> Trial:
    """Where as many answers are right: how sure the model is of them, or whether there is a difference at all."""
    losses = {one: trial.verdicts[one].loss for one in trial.tied}
    means = {one: float(loss.mean()) for one, loss in losses.items() if loss is not None}
    if not means or len(means) < len(losses):
        return trial
    least, *others = sorted(means, key=lambda one: means[one])
    if all(_clearly_lower(losses[least], losses[one]) for one in others):
        told = ", ".join(f"{one.name} {means[one]:.2g}" for one in means)
        why = f"as many answers are right with others, but with {least.name} the loss is far lower ({told})"
        return replace(trial, winner=least, why=why)
    if _same_answers([trial.verdicts[one] for one in trial.tied]):
        names = " and ".join(one.name for one in trial.tied)
        count = len(trial.verdicts[least].correct)
        return replace(trial, winner=least, why=f"the model gives the same {count} answers with {names}")
    return trial


def _clearly_lower(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None or len(one) < 2:
        return False
    return bool(other.mean() >= LOSS_RATIO * one.mean() and standard_errors(other - one) >= LOSS_ERRORS)


def _difference(one: Verdicts, other: Verdicts) -> float:
    """Significance of the difference in right answers between two preprocessings on the same samples."""
    return sign_test(int(np.sum(one.correct & ~other.correct)), int(np.sum(other.correct & ~one.correct)))


def _figures(verdicts: Verdicts) -> dict[str, float | int]:
    counted: dict[str, float | int] = {"correct": int(verdicts.correct.sum()), "samples": len(verdicts.correct)}
    return counted if verdicts.loss is None else {**counted, "loss": round(float(verdicts.loss.mean()), 4)}


def _same_answers(verdicts: Sequence[Verdicts]) -> bool:
    first = verdicts[0].answers
    return first is not None and all(one.answers is not None and np.array_equal(one.answers, first) for one in verdicts)


def _as_verdicts(value: np.ndarray | Verdicts, count: int) -> Verdicts:
    """What an `Evaluate` gave, as `Verdicts`."""
    verdicts = value if isinstance(value, Verdicts) else Verdicts(np.asarray(value, bool))
    if verdicts.correct.shape != (count,):
        raise ValueError(f"evaluate gave {verdicts.correct.shape} answers for {count} samples")
    return verdicts
