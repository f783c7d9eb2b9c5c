"""How many weights are zero at which step: few at first, and the last ones slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ...errors import InputError

Criterion = Literal["magnitude", "gradient", "movement", "random"]
CRITERIA: tuple[str, ...] = get_args(Criterion)

Scope = Literal["network", "layer"]

TIMES = 50
"""How often weights are chosen, at most: between two choices the rest learns to do without those that went."""


@dataclass(frozen=True)
class Sparsity:
    """How sparse a network is to become while it is trained.

    Args:
        share: of its weights that are zero in the end, above 0 and below 1; None where `below` says it.
        by: how weights are ranked. "magnitude": |w|; "gradient": the mean of |w dL/dw| over the steps before (Molchanov
            et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference", 2017);
            "movement": how far training drew a weight away from zero (Sanh et al., "Movement Pruning", 2020);
            "random": by lot.
        scope: whether all layers are ranked together, or each reaches the share by itself.
        pattern: "any", or what `edgecomp.sparsify.parse_pattern` knows.
        begin: part of the training after which the first weights go, 0 to 1.
        end: part of the training after which the share is reached; the rest of it recovers.
        below: instead of a share, a magnitude: as many weights go as are smaller than that at first.
    """

    share: float | None
    by: Criterion = "magnitude"
    scope: Scope = "network"
    pattern: str = "any"
    begin: float = 0.02
    end: float = 0.55
    below: float | None = None

    def __post_init__(self) -> None:
        if (self.share is None) == (self.below is None):
            raise InputError("say how many weights become zero: a share of them, or a magnitude, and not both")
        if self.share is not None and not 0 < self.share < 1:
            raise InputError(f"the share of zeros is {self.share:g}: give one above 0 and below 1")
        if self.by not in CRITERIA:
            raise InputError(f"weights are ranked by {', '.join(CRITERIA)}, not by {self.by!r}")
        if self.scope not in get_args(Scope):
            raise InputError(f"weights are ranked in the network or in each layer, not in {self.scope!r}")
        if not 0 <= self.begin <= self.end <= 1:
            raise InputError(f"weights go from {self.begin:g} to {self.end:g} of the training: give 0 to 1, in order")


@dataclass(frozen=True)
class Gradual:
    """The polynomial schedule of Zhu & Gupta, "To prune, or not to prune" (2017).

    Args:
        first: step after which the first weights go.
        last: step after which the share is reached.
        every: steps between two choices.
        start: share of zeros before.
        share: of zeros in the end.
    """

    first: int
    last: int
    every: int
    start: float
    share: float

    def due(self, step: int) -> bool:
        """Whether weights go after so many steps."""
        return step == self.last or (self.first <= step < self.last and (step - self.first) % self.every == 0)

    def share_at(self, step: int) -> float:
        """Share of zeros after so many steps."""
        if step >= self.last:
            return self.share
        if step < self.first:
            return self.start
        left = 1 - (step - self.first) / (self.last - self.first)
        return self.share + (self.start - self.share) * left**3


def plan_gradual(sparsity: Sparsity, steps: int, start: float, share: float) -> Gradual:
    """The schedule of one training.

    Args:
        sparsity: what is asked for.
        steps: of the training.
        start: share of zeros that there are already; they stay.
        share: of zeros in the end.
    """
    first = max(1, round(sparsity.begin * steps))
    last = max(first, round(sparsity.end * steps))
    return Gradual(first, last, max(1, (last - first) // TIMES), min(start, share), share)
