"""Which examples are trained on and which are held out, and in what order they come.

Nothing here keeps a state: a training that was killed finds the same order again from the seed and the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.subset import spread

HELD_EVERY = 10
"""One example in so many is held out."""

FEWEST_HELD = 20
"""With fewer than this, a figure says nothing, and training needs every example."""

MOST_HELD = 2_000
"""More would take time at every epoch, and tell no more: an accuracy is known to a point by then."""


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of examples.

    Args:
        fitting: int64, what is trained on.
        judging: int64, what weights are chosen by; none of `fitting`, unless `held` is 0.
        held: how many were held out.
    """

    fitting: np.ndarray
    judging: np.ndarray
    held: int


def split(count: int) -> Split:
    """Holds out every tenth example, spread evenly, so that sets sorted by class lose some of each.

    With too few for that all are trained on, and weights are chosen by the very same.
    """
    everything = np.arange(count, dtype=np.int64)
    held = everything[HELD_EVERY - 1 :: HELD_EVERY]
    if len(held) < FEWEST_HELD:
        return Split(everything, everything[spread(count, min(count, MOST_HELD))], 0)
    held = held[spread(len(held), min(len(held), MOST_HELD))]
    return Split(np.setdiff1d(everything, held), held, len(held))


def shuffled(positions: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """The order of one epoch."""
    return generator(seed, epoch, 0).permutation(positions)


def generator(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Random numbers of their own for each epoch or step.

    Args:
        seed: of the training.
        number: of the epoch or step.
        purpose: 0 for orders, 1 for augmentation, 2 for trying augmentations.
    """
    return np.random.default_rng((seed, number, purpose))
