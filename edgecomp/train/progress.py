"""What training tells while it runs, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where training is.

    Args:
        epoch: counted from 1.
        epochs: planned.
        step: steps done.
        steps: planned.
        loss: the mean since the epoch began.
        metric: what it is called: see `judge.Score`.
        value: the figure on the held-out part after the last epoch (or before the first).
        seconds_left: an estimate from the steps so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    metric: str
    value: float
    seconds_left: float


@dataclass(frozen=True)
class Epoch:
    """One epoch of the history.

    Args:
        epoch: counted from 1; 0 is the network as it was given.
        loss: mean loss of its steps; NaN for epoch 0.
        value: the figure on the held-out part.
        held_loss: the loss there, that the best epoch is told by where figures are equal.
        learning_rate: of its last step.
        seconds: since training began, earlier runs that were resumed included.
    """

    epoch: int
    loss: float
    value: float
    held_loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """What came out. The weights are in the network that was trained: those of the best epoch.

    Args:
        history: epoch by epoch, the network as it was given first.
        best: the epoch whose weights were kept; 0 where training made nothing better.
        steps: that were planned; `TrainSettings.steps` plans the same again.
        changes: how that plan was changed on the way; `TrainSettings.changes` does it again.
        steps_done: fewer where training ended early; `TrainSettings.stop_after` ends another one there.
        metric: what is measured on the held-out part: "accuracy", "agreement" with the teacher, or "relative error" to
            it (less is better).
        held: examples in the held-out part; 0 where there were too few, and the training part was measured on.
        stopped: why training ended; a phrase.
        augmentation: what was done to photos; a phrase.
        zeros: share of the weights that training kept at zero, of those that it could; 0 where it looked for none.
        warnings: sentences a user should read.
    """

    history: tuple[Epoch, ...]
    best: int
    steps: int
    steps_done: int
    metric: str
    held: int
    stopped: str
    augmentation: str
    zeros: float = 0.0
    warnings: tuple[str, ...] = ()
    changes: tuple[tuple[int, int], ...] = ()

    @property
    def before(self) -> float:
        """The figure of the network as it was given."""
        return self.history[0].value

    @property
    def after(self) -> float:
        """The figure of the weights that were kept."""
        return next(one.value for one in self.history if one.epoch == self.best)

    @property
    def seconds(self) -> float:
        """How long training took."""
        return self.history[-1].seconds
