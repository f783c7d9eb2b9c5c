"""Which samples changed their answer, which classes lose by it, and which samples are worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

import numpy as np

from .answers import Answers

MOST_SAMPLES = 12
"""Changed samples that are handed back, and as many unchanged ones."""

MOST_CLASSES = 100
MOST_BECAME = 3


@dataclass(frozen=True)
class Answered:
    """One sample and what both models said of it.

    Args:
        position: among the samples, from 0.
        was: the reference's class.
        became: the other model's.
        was_score: the reference's probability of its answer, 0 to 1; None where it gives none.
        became_score: the other's of its own.
        label: the class that is right; None without labels.
    """

    position: int
    was: int
    became: int
    was_score: float | None
    became_score: float | None
    label: int | None

    @property
    def changed(self) -> bool:
        """Whether the answer is another one."""
        return self.was != self.became


@dataclass(frozen=True)
class ClassChanges:
    """What became of the samples that the reference answered with one class.

    Args:
        answer: the class.
        n: samples answered so by the reference.
        changed: of these, the ones that the other model answers otherwise.
        became: its most frequent other answers, with how often each.
        lost: of the changed ones, right before and wrong now; None without labels.
        won: the other way round.
    """

    answer: int
    n: int
    changed: int
    became: tuple[tuple[int, int], ...]
    lost: int | None
    won: int | None


@dataclass(frozen=True)
class Changes:
    """How two models' answers differ.

    Args:
        n: samples.
        changed: samples whose answer changed.
        classes: the reference's answers of which some changed, most changes first.
        samples: the changed ones that the reference was surest of, surest first.
        kept: unchanged ones, one of each class in turn: of those of its class, the one of middling certainty.
    """

    n: int
    changed: int
    classes: tuple[ClassChanges, ...]
    samples: tuple[Answered, ...]
    kept: tuple[Answered, ...]


def find_changes(answers: Answers, labels: Sequence[int | None] | None) -> Changes:
    """Sums up what changed.

    Args:
        answers: of both models.
        labels: of each sample; None without any.
    """
    changed = answers.changed
    places = np.flatnonzero(changed)
    surest = places[np.argsort(-np.nan_to_num(answers.was_score[places]), kind="stable")]
    return Changes(
        n=len(answers),
        changed=len(places),
        classes=_by_class(answers, labels),
        samples=tuple(_answered(answers, labels, int(place)) for place in surest[:MOST_SAMPLES]),
        kept=tuple(_answered(answers, labels, place) for place in _spread(answers)),
    )


def worth_a_look(changes: Changes, count: int) -> tuple[Answered, ...]:
    """So many samples, changed and unchanged ones in turn as long as there are both."""
    turns = chain.from_iterable(zip_longest(changes.samples, changes.kept))
    return tuple(islice((one for one in turns if one is not None), count))


def _answered(answers: Answers, labels: Sequence[int | None] | None, place: int) -> Answered:
    label = None if labels is None else labels[place]
    return Answered(
        place,
        int(answers.was[place]),
        int(answers.became[place]),
        _known(answers.was_score[place]),
        _known(answers.became_score[place]),
        None if label is None else int(label),
    )


def _known(score: np.floating) -> float | None:
    return None if np.isnan(score) else float(score)


def _by_class(answers: Answers, labels: Sequence[int | None] | None) -> tuple[ClassChanges, ...]:
    found = []
    for answer in np.unique(answers.was[answers.changed]).tolist():
        there = answers.was == answer
        places = np.flatnonzero(there & answers.changed)
        became = Counter(answers.became[places].tolist())
        right = [labels[place] for place in places.tolist()] if labels is not None else None
        found.append(
            ClassChanges(
                answer,
                int(there.sum()),
                len(places),
                tuple(sorted(became.items(), key=lambda one: (-one[1], one[0]))[:MOST_BECAME]),
                None if right is None else sum(one == answer for one in right),
                None
                if right is None
                else sum(one == int(now) for one, now in zip(right, answers.became[places], strict=True)),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.changed, one.answer))[:MOST_CLASSES])


def _spread(answers: Answers) -> list[int]:
    """Positions of unchanged samples: a first one of each class, then a second one, …"""
    by_class = []
    for answer in np.unique(answers.was).tolist():
        places = np.flatnonzero((answers.was == answer) & ~answers.changed)
        order = np.argsort(np.nan_to_num(answers.was_score[places]), kind="stable")
        middling = order[np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) // 2), kind="stable")]
        by_class.append(places[middling].tolist())
    turns = chain.from_iterable(zip_longest(*by_class))
    return list(islice((place for place in turns if place is not None), MOST_SAMPLES))
