"""Keeps a training in its checkpoint, often enough that a kill costs little, seldom enough that saving does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import checkpoint, variables
from .state import TrainingState

SAVED_EVERY = 15.0
"""Seconds of training that a kill may cost."""

SAVING_SHARE = 0.05
"""Of the time, what saving may take; large networks are saved less often."""


@dataclass
class Checkpointer:
    """Saves and restores one training.

    Args:
        path: of the checkpoint; None to keep nothing.
        identity: see `identity.identify`.
        network: what is trained.
        optimizer: its optimizer.
        masks: what is kept at zero.
    """

    path: Path | None
    identity: Mapping[str, str]
    network: Any
    optimizer: Any
    masks: Any
    _saved: float = field(default_factory=time.monotonic)
    _took: float = 0.0

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved > max(SAVED_EVERY, self._took / SAVING_SHARE)

    def restore(self) -> TrainingState | None:
        """Sets the variables and returns where training stood; None where there is nothing to go on from.

        Raises:
            InputError: see `checkpoint.load`.
        """
        saved = checkpoint.load(self.path, self.identity) if self.path is not None else None
        if saved is None:
            return None
        variables.write(self.network, saved.arrays["network"])
        variables.write(self.optimizer, saved.arrays["optimizer"])
        variables.write(self.masks, saved.arrays.get("masks", []))
        return TrainingState.of(saved.facts, list(saved.arrays["best"]))

    def save(self, state: TrainingState, seconds: float) -> None:
        """Saves where training stands.

        Args:
            state: where.
            seconds: that it has taken by now.

        Raises:
            InputError: the checkpoint cannot be written.
        """
        if self.path is None:
            return
        began = time.monotonic()
        arrays = {
            "network": variables.read(self.network),
            "optimizer": variables.read(self.optimizer),
            "masks": variables.read(self.masks),
            "best": state.best_values,
        }
        checkpoint.save(self.path, checkpoint.State(self.identity, state.facts(seconds), arrays))
        self._saved = time.monotonic()
        self._took = self._saved - began
