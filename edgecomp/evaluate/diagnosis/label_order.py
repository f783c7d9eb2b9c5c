"""Is the model right, and the order of the labels wrong?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data.auto.significance import sign_test
from ..metrics.classification import confusion_matrix

FEWEST_SAMPLES = 20
UNLIKELY = 1e-4
"""How improbable the gain has to be as chance, before somebody is told that their labels are wrong."""

LEAST_GAIN = 0.1
SHOWN = 4


@dataclass(frozen=True)
class Reordered:
    """A permutation of the classes under which the answers are right far more often.

    Args:
        meant: for each class as labelled, the class that the model answers for it.
        accuracy: share of right answers as the labels are, 0 to 1; of the half of the samples it was tested on.
        reordered_accuracy: the same under the permutation.
    """

    meant: tuple[int, ...]
    accuracy: float
    reordered_accuracy: float

    @property
    def moved(self) -> tuple[int, ...]:
        """The classes that are not in their own place."""
        return tuple(place for place, meant in enumerate(self.meant) if place != meant)


def find_reordering(labels: np.ndarray, answers: np.ndarray) -> Reordered | None:
    """Looks for a permutation on every other sample, and tests it on the rest, so that it cannot flatter itself.

    Args:
        labels: int64 [n].
        answers: int64 [n].

    Returns:
        None where the order is as good as any.
    """
    if len(labels) < FEWEST_SAMPLES:
        return None
    classes = int(max(labels.max(), answers.max())) + 1
    # By class, so that data sorted by class has each in both halves.
    order = np.argsort(labels, kind="stable")
    known, tested = order[::2], order[1::2]
    meant = _best_order(confusion_matrix(labels[known], answers[known], classes))
    if np.array_equal(meant, np.arange(classes)):
        return None
    as_labelled = labels[tested] == answers[tested]
    reordered = meant[labels[tested]] == answers[tested]
    wins, losses = int((reordered & ~as_labelled).sum()), int((as_labelled & ~reordered).sum())
    gain = (wins - losses) / len(tested)
    if gain < LEAST_GAIN or sign_test(wins, losses) > UNLIKELY:
        return None
    return Reordered(tuple(meant.tolist()), float(as_labelled.mean()), float(reordered.mean()))


def label_order_words(found: Reordered, names: Sequence[str]) -> str:
    """The finding in a sentence or two.

    Args:
        found: the permutation.
        names: of the classes, or empty.
    """
    size, moved = len(found.meant), found.moved
    gain = f"{found.accuracy:.1%} of the answers are right as the labels are, {found.reordered_accuracy:.1%}"
    shifts = {(meant - place) % size for place, meant in enumerate(found.meant)}
    if len(shifts) == 1:
        step = min(shifts)
        signed = step if step <= size / 2 else step - size
        hint = "; do they count from 1?" if signed == -1 else "; give --labels in the model's order"
        return f"The order of the labels is probably wrong: {gain} with every label moved by {signed:+d}{hint}"
    if [_named(names, one) for one in found.meant] == sorted(str(one) for one in range(size)) and not names:
        return (
            f"The order of the labels is probably wrong: {gain} with the classes sorted as text (0, 1, 10, 11, 2, …), "
            "as Keras sorts folders; give --labels in the model's order"
        )
    pairs = ", ".join(f"{_named(names, one)} is answered by {_named(names, found.meant[one])}" for one in moved[:SHOWN])
    more = ", …" if len(moved) > SHOWN else ""
    return (
        f"The order of the labels is probably wrong: {gain} with {len(moved)} classes in other places ({pairs}{more}); "
        "give --labels in the model's order"
    )


def _best_order(confusion: np.ndarray) -> np.ndarray:
    """A one-to-one assignment of answers to labels, the most frequent pairs first; classes left over stay, if they can.

    Where the model is right but for the order, its most frequent answers are the permutation; an optimal assignment
    would differ only where errors are as frequent as right answers, which the test on the other half refuses anyway.
    """
    classes = len(confusion)
    meant = np.full(classes, -1)
    taken = np.zeros(classes, bool)
    for pair in np.argsort(-confusion, axis=None, kind="stable"):
        label, answer = divmod(int(pair), classes)
        if not confusion[label, answer]:
            break
        if meant[label] < 0 and not taken[answer]:
            meant[label], taken[answer] = answer, True
    stay = (meant < 0) & ~taken
    meant[stay], taken[stay] = np.flatnonzero(stay), True
    meant[meant < 0] = np.flatnonzero(~taken)
    return meant


def _named(names: Sequence[str], place: int) -> str:
    return names[place] if place < len(names) else str(place)
