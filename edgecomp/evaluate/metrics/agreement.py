"""How a model's answers differ from a reference's, labels or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from edgecomp_runtime.classes import probabilities
from edgecomp_runtime.contract import OutputContract
from edgecomp_runtime.evaluate.metrics import sqnr_db

from ..changes.answers import Answers, answer_scores
from .classification import answers

Batch = np.ndarray | list[np.ndarray]
"""One output of several samples, samples first; a list where shapes differ from sample to sample."""

_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Flip:
    """Answers that changed.

    Args:
        was: the reference's class.
        became: the other model's.
        count: how often.
    """

    was: int
    became: int
    count: int


def flips(reference: np.ndarray, answers: np.ndarray) -> tuple[Flip, ...]:
    """Which classes turned into which, the most frequent first.

    Args:
        reference: the reference's classes, int64 [n].
        answers: the other model's.
    """
    changed = np.flatnonzero(reference != answers)
    counted = Counter((int(reference[one]), int(answers[one])) for one in changed)
    return tuple(Flip(was, became, count) for (was, became), count in sorted(counted.items(), key=_most_first))


def divergence(reference: np.ndarray, given: np.ndarray) -> float:
    """Mean Kullback-Leibler divergence of the given probabilities from the reference's, in nats.

    Args:
        reference: [n, classes], n at least 1.
        given: likewise.
    """
    p, q = _normal(reference), _normal(given)
    return max(0.0, float(np.sum(p * np.log(p / q), axis=1).mean()))


def _normal(probabilities: np.ndarray) -> np.ndarray:
    kept = np.maximum(probabilities.astype(np.float64), _LEAST_PROBABILITY)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def _most_first(item: tuple[tuple[int, int], int]) -> tuple[int, Sequence[int]]:
    return -item[1], item[0]


@dataclass
class Agreement:
    """Compares the answers of one model with a reference's, some samples at a time.

    Args:
        output: what the output means that answers.
    """

    output: OutputContract
    n: int = 0
    _answers: tuple[list[np.ndarray], list[np.ndarray]] = field(default_factory=lambda: ([], []))
    _scores: tuple[list[np.ndarray], list[np.ndarray]] = field(default_factory=lambda: ([], []))
    _divergence: float = 0.0
    _signal: float = 0.0
    _noise: float = 0.0

    def add(self, reference: Sequence[Batch], outputs: Sequence[Batch]) -> None:
        """Takes some samples: each output of all of them, samples first; the output that answers comes first."""
        count = len(reference[0])
        self.n += count
        for wanted, got in zip(reference, outputs, strict=True):
            for exact, given in zip(*_alike(wanted, got), strict=True):
                exact = exact.astype(np.float64)
                self._signal += float(np.sum(np.square(exact)))
                self._noise += float(np.sum(np.square(exact - given)))
        if not self._classifies:
            return
        threshold = 0.5 if self.output.activation == "none" else 0.0
        scores = [np.asarray(batch[0]).reshape(count, -1) for batch in (reference, outputs)]
        floating = np.issubdtype(scores[0].dtype, np.floating)
        shares = [probabilities(one, self.output) if floating else None for one in scores]
        for place, (one, share) in enumerate(zip(scores, shares, strict=True)):
            answered = answers(one, threshold)
            self._answers[place].append(answered)
            self._scores[place].append(answer_scores(answered, share))
        if shares[0] is not None and shares[1] is not None:
            self._divergence += count * divergence(shares[0], shares[1])

    @property
    def agreement(self) -> float | None:
        """Share of the same answers, 0 to 1; None where answers are no classes."""
        if not self._classifies or not self.n:
            return None
        reference, given = self._both
        return float((reference == given).mean())

    @property
    def sqnr_db(self) -> float | None:
        """Signal to noise of the outputs, in dB; None where there is no difference."""
        return sqnr_db(self._signal, self._noise)

    @property
    def divergence(self) -> float | None:
        """Mean Kullback-Leibler divergence from the reference, in nats; None where answers are no classes."""
        return self._divergence / self.n if self._classifies and self.n else None

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Which answers turned into which."""
        return flips(*self._both)

    @property
    def changed(self) -> list[int]:
        """Positions of the samples whose answer changed."""
        reference, given = self._both
        return np.flatnonzero(reference != given).tolist()  # type: ignore[no-any-return]

    @property
    def answers(self) -> Answers | None:
        """All answers with how sure both were of them; None where answers are no classes."""
        if not self._classifies or not self.n:
            return None
        was_score, became_score = (np.concatenate(kept) for kept in self._scores)
        return Answers(*self._both, was_score, became_score)

    @property
    def _classifies(self) -> bool:
        return self.output.kind == "classification"

    @property
    def _both(self) -> tuple[np.ndarray, np.ndarray]:
        """Classes answered by the reference and by the other, int64 [n]."""
        reference, given = (np.concatenate([np.zeros(0, np.int64), *kept]) for kept in self._answers)
        return reference, given


def _alike(wanted: Batch, got: Batch) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
    """Both as lists of arrays of the same shapes."""
    if isinstance(wanted, list) or isinstance(got, list):
        return list(wanted), list(got)
    return [wanted], [got]
