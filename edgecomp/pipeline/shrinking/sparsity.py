"""What a recipe asks of zeros, as training takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..recipes.weight_passes import SparsifyPass

if TYPE_CHECKING:
    from ...train.sparsity.gradual import Criterion, Sparsity

FIRST_LATER = 0.2
"""Part of the training that a network has to itself, which has just lost channels, before weights go too."""


def sparsity_of(asked: SparsifyPass, *, recovering: bool) -> Sparsity:
    """How sparse a training is to make a network.

    Args:
        asked: what the recipe says.
        recovering: whether the network has to learn anew what it knew.
    """
    from ...train.sparsity.gradual import Sparsity

    # What a weight adds to an output is for files; while BatchNorm normalizes outputs, its share of its layer says it.
    by: Criterion = "magnitude" if asked.by == "energy" else asked.by
    begin, pattern = FIRST_LATER if recovering else Sparsity.begin, str(asked.pattern)
    if asked.scope == "below":
        return Sparsity(None, by, pattern=pattern, begin=begin, below=asked.amount)
    if asked.scope == "pattern":
        return Sparsity(asked.pattern.share, by, "layer", pattern, begin)
    return Sparsity(asked.amount, by, asked.scope, pattern, begin)
