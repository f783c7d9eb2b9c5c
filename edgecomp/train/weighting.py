"""How much each part of the loss counts as training goes on.

Features count most in the beginning and soon nothing: they lead the inner layers back to where they were (hints before
answers, Romero et al., "FitNets", 2015), and then the answers alone decide, which may be known by then, while features
would have to be computed by the teacher at every step. Labels count more and more, the
teacher less and less, as in teacher annealing (Clark et al., "BAM! Born-Again Multi-Task Networks", 2019); the teacher
keeps half, since a network that was pruned has few examples to learn from beside its teacher's answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FEATURES = 0.5
"""What all features count together, in the beginning, beside answers that count 1."""

LAST_LABELS = 0.5
"""What labels count in the end, where there is a teacher too."""


@dataclass(frozen=True)
class Weights:
    """What each part of the loss is multiplied by."""

    labels: float
    teacher: float
    features: float


def weights(along: float, *, labelled: bool, taught: bool, leading: float = 1.0) -> Weights:
    """The weights at one step.

    Args:
        along: how far training is, 0 to 1.
        labelled: whether there are labels to learn from.
        taught: whether there is a teacher.
        leading: share of the training, from its beginning, in which features count.
    """
    if not taught:
        return Weights(1.0, 0.0, 0.0)
    labels = LAST_LABELS * along if labelled else 0.0
    return Weights(labels, 1.0 - labels, FEATURES * (1 + math.cos(math.pi * min(1.0, along / leading))) / 2)
