"""The batches of a training, made a little ahead in a thread, the same ones every time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .augmentation import Augmentation, augmented, is_picture
from .examples import Examples
from .order import generator, shuffled

_AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from.

    Args:
        inputs: what the model takes, [batch, ...] for each input.
        labels: see `judge.labels_of`; None where there are none.
        known: the teacher's scores, or None where it has to be asked.
    """

    inputs: list[np.ndarray]
    labels: np.ndarray | None
    known: list[np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Feed:
    """The batches of a training by their number.

    Args:
        examples: all of them.
        positions: those that are trained on.
        batch_size: examples in a batch; fewer where there are not so many.
        augmentation: what is done to photos.
        seed: of order and augmentation.
        labels: see `judge.labels_of`; None to learn from the teacher alone.
        known: the teacher's scores for every example, by position; None where it has to be asked.
    """

    examples: Examples
    positions: np.ndarray
    batch_size: int
    augmentation: Augmentation
    seed: int
    labels: np.ndarray | None
    known: Sequence[np.ndarray] | None = None

    @property
    def epoch_steps(self) -> int:
        """Whole batches in an epoch; what is left over has its turn in another order."""
        return max(1, len(self.positions) // self.batch_size)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        order = shuffled(self.positions, self.seed, step // self.epoch_steps)
        return self._of(order, step)

    def batches(self, first: int, end: int) -> Generator[Batch, None, None]:
        """The batches of the steps from `first` up to `end`."""
        with ThreadPoolExecutor(1, "batches") as pool:
            pending: deque[Future[Batch]] = deque()
            order, epoch = self.positions, -1
            try:
                for step in range(first, end):
                    if step // self.epoch_steps != epoch:
                        epoch = step // self.epoch_steps
                        order = shuffled(self.positions, self.seed, epoch)
                    pending.append(pool.submit(self._of, order, step))
                    if len(pending) > _AHEAD:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _of(self, order: np.ndarray, step: int) -> Batch:
        start = step % self.epoch_steps * self.batch_size
        chosen = order[start : start + self.batch_size]
        raw = self.examples.raw(chosen)
        if self.augmentation:
            pictures = [is_picture(one) for one in self.examples.contract.inputs]
            raw = augmented(raw, pictures, self.augmentation, generator(self.seed, step, 1))
        return Batch(
            self.examples.normalized(raw),
            None if self.labels is None else self.labels[chosen],
            None if self.known is None else [one[chosen] for one in self.known],
        )
