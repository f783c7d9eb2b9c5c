"""How good a network is on the held-out part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .examples import UNLABELLED, Examples
from .heads import Head
from .losses import hard_losses, soft_loss
from .step import Look

BATCH = 250


@dataclass(frozen=True)
class Score:
    """A network on the held-out part.

    Args:
        metric: "accuracy" by labels, "agreement" with the teacher's answers, or "relative error": the squared error to
            labels or teacher as a share of the values' variance.
        value: the figure; of accuracy and agreement 0 to 1.
        loss: to labels and, where there is one, the teacher, at a temperature of 1.
        taught: whether there is a teacher.
    """

    metric: str
    value: float
    loss: float
    taught: bool

    def better_than(self, other: Score) -> bool:
        """The loss decides, which is the finer measure: accuracy on 1,600 photos goes up and down by a point by chance.

        In seven trainings (CIFAR-10, few bits a weight) the epoch with the least loss was better on 4,000 other photos
        than the one with the highest accuracy by half a point in the mean. Without a teacher a network that grows too
        sure of itself has a higher loss and as many right answers: there accuracy comes first.
        """
        if self.metric == "accuracy" and not self.taught and self.value != other.value:
            return self.value > other.value
        return self.loss < other.loss


@dataclass(frozen=True, eq=False)
class Judge:
    """Measures networks against labels and a teacher's answers.

    Args:
        examples: all of them.
        positions: those that are judged by.
        heads: what the outputs mean.
        labels: see `labels_of`; None to judge by the teacher alone.
        wanted: the teacher's scores at these positions, or None.
    """

    examples: Examples
    positions: np.ndarray
    heads: Sequence[Head]
    labels: np.ndarray | None
    wanted: Sequence[np.ndarray] | None

    def score(self, look: Look) -> Score:
        """Runs a network on all of them."""
        right = counted = loss = 0.0
        for batch in batches(len(self.positions), BATCH):
            given = look(self.examples.inputs(self.positions[batch]))
            wanted = None if self.wanted is None else [one[batch] for one in self.wanted]
            labels = None if self.labels is None else self.labels[self.positions[batch]]
            size = batch.stop - batch.start
            loss += self._loss(given, labels, wanted) * size
            good, of = self._right(given[0], labels, None if wanted is None else wanted[0])
            right += good
            counted += of
        loss /= len(self.positions)
        return Score(self.metric, right / max(counted, 1.0), loss, self.wanted is not None)

    @property
    def metric(self) -> str:
        """What is measured; see `Score`."""
        if self.heads[0].task == "values":
            return "relative error"
        return "agreement" if self.labels is None else "accuracy"

    @cached_property
    def reference(self) -> float:
        """The figure of the teacher; where there is none, the best that there can be."""
        if self.metric == "relative error":
            return 0.0
        labels = self._own_labels
        if labels is None or self.wanted is None:
            return 1.0
        right, counted = self._right(self.wanted[0], labels, None)
        return right / max(counted, 1.0)

    @cached_property
    def by_chance(self) -> float:
        """The figure of the one answer that is right most often; of values, that of their mean."""
        if self.metric == "relative error":
            return 1.0
        right = self._own_labels
        if right is None:
            assert self.wanted is not None
            right = answers(self.heads[0], self.wanted[0])
        right = right[right != UNLABELLED if right.dtype.kind == "i" else np.isfinite(right)]
        if not right.size:
            return 0.0
        if self.heads[0].task == "classes":
            return float(np.bincount(right).max() / right.size)
        yes = float((right > 0.5).mean())
        return max(yes, 1 - yes)

    @property
    def _own_labels(self) -> np.ndarray | None:
        return None if self.labels is None else self.labels[self.positions]

    def _loss(
        self, given: Sequence[np.ndarray], labels: np.ndarray | None, wanted: Sequence[np.ndarray] | None
    ) -> float:
        import tensorflow as tf

        loss = 0.0
        if labels is not None:
            loss += float(np.mean(np.asarray(hard_losses(self.heads[0], tf.constant(given[0]), tf.constant(labels)))))
        if wanted is not None:
            pairs = zip(self.heads, given, wanted, strict=True)
            loss += sum(float(soft_loss(head, one, other, 1.0)) for head, one, other in pairs)
        return loss

    def _right(self, given: np.ndarray, labels: np.ndarray | None, wanted: np.ndarray | None) -> tuple[float, float]:
        """The sum of what the metric counts, and of how many."""
        head = self.heads[0]
        if labels is None:
            assert wanted is not None
            if head.task == "values":
                error = np.square(given.astype(np.float64) - wanted) / head.variance
                return float(error.mean(axis=tuple(range(1, error.ndim))).sum()), float(len(given))
            same = answers(head, given) == answers(head, wanted)
            return float(same.mean() * len(given)), float(len(given))
        if labels.dtype.kind == "i":
            known = labels != UNLABELLED
            found = (given[:, 0] > 0).astype(np.int64) if given.shape[-1] == 1 else np.argmax(given, -1)
            return float((found == labels)[known].sum()), float(known.sum())
        rows, targets = given.reshape(len(given), -1), labels.reshape(len(given), -1)
        known = np.isfinite(targets)
        if head.task == "values":
            right = np.square(rows.astype(np.float64) - targets) / head.variance
        else:
            right = (rows > 0) == (targets > 0.5)
        return float(right[known].sum()), float(known.sum())


def answers(head: Head, values: np.ndarray) -> np.ndarray:
    """The class of each row of scores, or yes and no for each."""
    return np.argmax(values, -1) if head.task == "classes" else (values > 0).astype(np.int64)


def labels_of(examples: Examples) -> np.ndarray | None:
    """The labels as the losses take them: class indices or targets; None where there are none."""
    return examples.classes if examples.classes is not None else examples.targets


def all_scores(look: Look, examples: Examples, positions: np.ndarray) -> list[np.ndarray]:
    """What a network gives for examples: scores [len(positions), ...] of each output."""
    parts = [look(examples.inputs(positions[batch])) for batch in batches(len(positions), BATCH)]
    return [np.concatenate(one) for one in zip(*parts, strict=True)]


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
