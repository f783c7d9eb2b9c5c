"""The batches of a training, made a little ahead in a thread, the same ones every time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .order import shuffled
from .views import Views

_AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from.

    Args:
        inputs: what the model takes, [batch, ...] for each input.
        labels: see `judge.labels_of`; None where there are none.
        positions: of the examples.
        epoch: counted from 0.
    """

    inputs: list[np.ndarray]
    labels: np.ndarray | None
    positions: np.ndarray
    epoch: int


@dataclass(frozen=True, eq=False)
class Feed:
    """The batches of a training by their number.

    Args:
        views: of all examples; their seed is that of the order, too.
        positions: of the examples that are trained on.
        batch_size: examples in a batch; fewer where there are not so many.
        labels: see `judge.labels_of`; None to learn from the teacher alone.
    """

    views: Views
    positions: np.ndarray
    batch_size: int
    labels: np.ndarray | None

    @property
    def epoch_steps(self) -> int:
        """Whole batches in an epoch; what is left over has its turn in another order."""
        return max(1, len(self.positions) // self.batch_size)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        return self._of(self._epoch(step // self.epoch_steps), step)

    def batches(self, first: int, end: int) -> Generator[Batch, None, None]:
        """The batches of the steps from `first` up to `end`."""
        with ThreadPoolExecutor(1, "batches") as pool:
            pending: deque[Future[Batch]] = deque()
            epoch = self._epoch(first // self.epoch_steps)
            try:
                for step in range(first, end):
                    if step // self.epoch_steps != epoch.number:
                        epoch = self._epoch(step // self.epoch_steps)
                    pending.append(pool.submit(self._of, epoch, step))
                    if len(pending) > _AHEAD:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _epoch(self, number: int) -> _Epoch:
        return _Epoch(number, shuffled(self.positions, self.views.seed, number), self.views.drawn(number))

    def _of(self, epoch: _Epoch, step: int) -> Batch:
        start = step % self.epoch_steps * self.batch_size
        chosen = epoch.order[start : start + self.batch_size]
        labels = None if self.labels is None else self.labels[chosen]
        return Batch(self.views.inputs(chosen, epoch.drawn), labels, chosen, epoch.number)


@dataclass(frozen=True, eq=False)
class _Epoch:
    """In what order examples come, and how they are seen."""

    number: int
    order: np.ndarray
    drawn: np.ndarray
