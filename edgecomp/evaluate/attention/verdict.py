"""What the maps of a few samples say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .similarity import Similarity, mean_similarity, similarity

SAME = 0.8
PARTLY = 0.5
"""Rank correlations from which two maps are called the same, and partly the same."""


@dataclass(frozen=True)
class Likeness:
    """How alike two models' maps are.

    Args:
        each: of each sample's two maps.
        mean: their mean.
        chance: the mean of maps of different samples: what models that look at something else would come to; both of
            its figures None for a single sample.
    """

    each: tuple[Similarity, ...]
    mean: Similarity
    chance: Similarity


def likeness(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> Likeness:
    """Compares one model's maps with another's.

    Args:
        ones: of each sample.
        others: of the same samples in the same order.
    """
    each = tuple(similarity(one, other) for one, other in zip(ones, others, strict=True))
    strangers = [
        similarity(one, other)
        for place, one in enumerate(ones)
        for elsewhere, other in enumerate(others)
        if place != elsewhere
    ]
    return Likeness(each, mean_similarity(each), mean_similarity(strangers))


def likeness_words(found: Likeness) -> str:
    """The finding in a sentence."""
    mean, count = found.mean.rank_correlation, len(found.each)
    on = f"on {count} {'sample' if count == 1 else 'samples'}"
    if mean is None:
        return f"No part {on} matters enough by itself to tell where the models look."
    if mean >= SAME:
        verdict = "Both look at the same parts"
    elif mean >= PARTLY:
        verdict = "They look at the same parts in some samples only"
    else:
        verdict = "They do not look at the same parts"
    chance = found.chance.rank_correlation
    between = "" if chance is None else f", {chance:.2f} between different samples"
    return f"{verdict}: how much each part matters correlates by {mean:.2f} {on} (1 is the same{between})."
