"""What a teacher says of examples, asked once for each view of them."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np

from .judge import BATCH, batches
from .step import Look
from .views import Views

MOST_BYTES = 512 << 20
"""What answers may take in memory; beyond that a teacher is asked again at every step."""

Remembered = MutableMapping[tuple[str, ...], Sequence[np.ndarray]]
"""Answers to all examples, by whose they are and to which view."""


@dataclass(frozen=True, eq=False)
class Answers:
    """A teacher's scores for every view.

    Args:
        look: asks the teacher.
        views: of the examples; a few that come round again.
        whose: tells this teacher, these examples and these views from others.
        remembered: answers so far; where trainings share it, the teacher is asked once for all of them.
    """

    look: Look
    views: Views
    whose: tuple[str, ...]
    remembered: Remembered

    def of(self, positions: np.ndarray, epoch: int) -> list[np.ndarray]:
        """Scores [positions, ...] of each output, for the view that an epoch shows."""
        view = (*self.whose, str(self.views.number(epoch)))
        if view not in self.remembered:
            self.remembered[view] = self._asked(epoch)
        return [one[positions] for one in self.remembered[view]]

    def _asked(self, epoch: int) -> list[np.ndarray]:
        """All examples in one order: the same to the bit wherever a training was interrupted."""
        drawn = self.views.drawn(epoch)
        everything = np.arange(len(self.views.examples))
        parts = [self.look(self.views.inputs(everything[one], drawn)) for one in batches(len(everything), BATCH)]
        return [np.concatenate(one) for one in zip(*parts, strict=True)]
