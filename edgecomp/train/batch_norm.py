"""BatchNorm's moving statistics, made to keep up with a short training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 100
"""Steps that the moving averages reach back at most: those of a momentum of 0.99, as Keras has it."""

SHORTEST = 4
"""Fewer would make the statistics those of a batch or two."""

EPOCH_SHARE = 0.5
"""Of an epoch that they reach back, so that they are those of the weights that are judged at its end."""


@contextmanager
def quick_statistics(network: Any, epoch_steps: int) -> Iterator[None]:
    """While the block lasts, moving averages of a network reach back no further than half an epoch.

    With a momentum of 0.99 they lag a hundred steps behind: in epochs of 16 steps a network that had learned its task
    was judged with the statistics of one that had not.

    Args:
        network: a `keras.Model`.
        epoch_steps: steps in one epoch.
    """
    import keras

    reach = min(LONGEST, max(SHORTEST, EPOCH_SHARE * epoch_steps))
    norms = [one for one in network._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    before = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = min(norm.momentum, 1 - 1 / reach)
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
