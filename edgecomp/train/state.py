"""Where a training stands: what a checkpoint keeps beside the variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .judge import Score
from .progress import Epoch
from .schedule import Schedule


@dataclass
class TrainingState:
    """Where a training stands; the loop writes on it as it goes.

    Args:
        schedule: what was planned.
        history: the epochs so far, the network as it was given first.
        best: the number of the best one.
        best_score: of that.
        best_values: all variables of the network at that time.
        step: steps done.
        loss: sum over the steps of this epoch.
        losses: how many they are.
        earlier: seconds that runs before this one took.
        stopped: why training ended; empty while it goes on.
        settled: whether the best epoch is one of the network as small as it was to become.
        hurried: whether training ended before there was one.
    """

    schedule: Schedule
    history: list[Epoch]
    best: int
    best_score: Score
    best_values: list[np.ndarray]
    step: int = 0
    loss: float = 0.0
    losses: int = 0
    earlier: float = 0.0
    stopped: str = ""
    settled: bool = True
    hurried: bool = False

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step was the last of an epoch."""
        return self.step % self.schedule.epoch_steps == 0 or self.step == self.schedule.total

    @property
    def mean_loss(self) -> float:
        """Since the epoch began."""
        return self.loss / max(1, self.losses)

    @property
    def best_trained(self) -> int:
        """The best of the epochs that were trained, which may all be worse than the network as it was given."""
        trained = self.history[1:]
        scores = [replace(self.best_score, value=one.value, loss=one.held_loss) for one in trained]
        place = 0
        for other, score in enumerate(scores):
            if score.better_than(scores[place]):
                place = other
        return max(self.best, trained[place].epoch) if trained else self.best

    def take(self, epoch: Epoch, score: Score, *, settled: bool) -> bool:
        """Ends an epoch; returns whether it is the best so far.

        While weights still go, or take more bits than they are to, later is better, whatever the figures say: a larger
        network is no rival.

        Args:
            epoch: with its figures.
            score: likewise.
            settled: whether the network is as small as it was to become.
        """
        self.history.append(epoch)
        self.loss, self.losses = 0.0, 0
        if self.settled and not (settled and score.better_than(self.best_score)):
            return False
        self.settled = settled
        self.best, self.best_score = epoch.epoch, score
        return True

    def facts(self, seconds: float) -> dict[str, Any]:
        """JSON-ready, without the arrays.

        Args:
            seconds: that training has taken by now.
        """
        kept = ("step", "best", "loss", "losses", "stopped", "settled", "hurried")
        return {
            **{name: getattr(self, name) for name in kept},
            "schedule": asdict(self.schedule),
            "history": [asdict(one) for one in self.history],
            "best_score": asdict(self.best_score),
            "earlier": seconds,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any], best_values: list[np.ndarray]) -> TrainingState:
        """From what `facts` gave."""
        made = {
            "schedule": _schedule(facts["schedule"]),
            "history": [Epoch(**one) for one in facts["history"]],
            "best_score": Score(**facts["best_score"]),
            "best_values": best_values,
        }
        return cls(**{**facts, **made})


def _schedule(facts: Mapping[str, Any]) -> Schedule:
    """JSON has no tuples."""
    return Schedule(**{**facts, "changes": tuple((at, total) for at, total in facts["changes"])})
