"""What the weights of a network are asked to become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...sparsify import ANY, Pattern

Criterion = Literal["energy", "magnitude", "random"]
Scope = Literal["network", "layer", "below", "pattern"]


@dataclass(frozen=True)
class Zeros:
    """Which weights become zero.

    Args:
        scope: what `amount` is: a share of all weights, of each layer's, or a magnitude below which weights go;
            "pattern" where the pattern says it.
        amount: 0 to 1 for shares; None for "pattern".
        by: how weights are ranked.
        pattern: which weights go together.
    """

    scope: Scope
    amount: float | None
    by: Criterion = "energy"
    pattern: Pattern = ANY


@dataclass(frozen=True)
class Wish:
    """What is asked of all layers alike.

    Args:
        zeros: which weights become zero; None for as many as come out.
        values: how many different values the weights of a layer may have; None for any number.
        entries: (weights of an entry, entries) of a codebook that neighbouring weights share; None for none. Not with
            `zeros` or `values`.
        price: what a bit of a weight is worth, in energy of the answers' error over that of the answers; 0 where bits
            do not count.
        seed: of what is random.
    """

    zeros: Zeros | None = None
    values: int | None = None
    entries: tuple[int, int] | None = None
    price: float = 0.0
    seed: int = 0
