"""How a network is to be trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import InputError
from .sparsity.gradual import Sparsity

Recovery = Literal["labels", "distill"]

DEFAULT_STEPS = 6_000
"""Without a number of epochs or a time budget: about this many steps, in no fewer than `FEWEST_EPOCHS` epochs."""

FEWEST_EPOCHS = 10
MOST_EPOCHS = 1_000
"""More views of a small set than this only learn it by heart; a time budget ends early there."""


@dataclass(frozen=True)
class TrainSettings:
    """What training is given to do; the rest is worked out from the data.

    Args:
        recover: "distill" learns from a teacher's answers, and from labels too where there are any; "labels" from
            labels alone.
        epochs: passes over the examples; None for as many as `time_budget` allows, or else a default.
        time_budget: seconds from the first measurement of speed to the last step; None for no limit.
        steps: exactly so many, as an earlier training had planned; None to plan anew.
        stop_after: end after so many of the planned steps, as an earlier training that the clock cut off; None for all.
        changes: how that plan was changed on the way; see `schedule.Schedule`.
        batch_size: examples in one step.
        learning_rate: the highest of the schedule; None for one that fits what the network still knows
            (`learning_rate.highest_rate`).
        temperature: what the teacher's and student's scores are divided by, so that wrong classes count (Hinton et al.,
            2015).
        mixed_precision: compute in bfloat16 what Keras layers compute; weights stay float32.
        augment: shift and mirror photos, as far as the network itself withstands it.
        sparsity: which weights become zero on the way, and stay zero; None for none but those that are.
        seed: of the order of examples, of augmentation, of dropout and of lots.
    """

    recover: Recovery = "distill"
    epochs: int | None = None
    time_budget: float | None = None
    steps: int | None = None
    stop_after: int | None = None
    changes: tuple[tuple[int, int], ...] = ()
    batch_size: int = 64
    learning_rate: float | None = None
    temperature: float = 2.0
    mixed_precision: bool = False
    augment: bool = True
    sparsity: Sparsity | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.recover not in get_args(Recovery):
            raise InputError(f"training recovers from {' or '.join(get_args(Recovery))}, not from {self.recover}")
        for name in ("epochs", "steps", "stop_after", "batch_size"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise InputError(f"{name.replace('_', ' ')} is {number}: give 1 or more")
        if self.seed < 0:
            raise InputError(f"the seed is {self.seed}: give 0 or more")
        for name, value in (
            ("time budget", self.time_budget),
            ("learning rate", self.learning_rate),
            ("temperature", self.temperature),
        ):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"the {name} is {value:g}: give a number above 0")
