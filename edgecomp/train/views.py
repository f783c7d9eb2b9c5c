"""How examples are seen: another view of each in every epoch, or a few that come round again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .augmentation import Augmentation, augmented, drawn_views, is_picture
from .examples import Examples
from .order import generator

MOST_VIEWS = 16
"""Of each example where a teacher is asked, so that it has to be asked only as often. More views teach more, and take
longer to ask about: a ResNet-8 without seven tenths of its multiply-accumulates knew as much of CIFAR-10 after 12,500
steps with other views in each epoch as after 15,400 with eight, 76.4% of 4,000 photos."""


@dataclass(frozen=True, eq=False)
class Views:
    """Views of all examples.

    Args:
        examples: all of them.
        augmentation: what is done to photos.
        seed: of the augmentation.
        count: how many there are of each example, which come round again; None for another one in every epoch.
    """

    examples: Examples
    augmentation: Augmentation
    seed: int
    count: int | None = None

    def number(self, epoch: int) -> int:
        """Of the view that an epoch shows."""
        return epoch if self.count is None else epoch % self.count

    def drawn(self, epoch: int) -> np.ndarray:
        """What decides how each example is seen in an epoch; see `augmentation.drawn_views`."""
        return drawn_views(len(self.examples), generator(self.seed, self.number(epoch), 1))

    def inputs(self, positions: np.ndarray, drawn: np.ndarray) -> list[np.ndarray]:
        """What the model takes, [positions, ...] for each input.

        Args:
            positions: of the examples.
            drawn: for all examples, from `drawn`.
        """
        raw = self.examples.raw(positions)
        if self.augmentation:
            pictures = [is_picture(one) for one in self.examples.contract.inputs]
            raw = augmented(raw, pictures, self.augmentation, drawn[positions])
        return self.examples.normalized(raw)
