"""Which layer is to blame, where one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..layers import LayerError

MOST_DB = 5.0
"""A layer whose own error is larger than this against its output has lost what it computes; int8 leaves 20 and more."""

APART_DB = 10.0
"""How much better every layer before it has to be. Those behind it cannot tell: what they get is wrong."""

CLIPPED = 0.02


@dataclass(frozen=True)
class Damaged:
    """The layer that ruins the answers.

    Args:
        tensor: name of its output.
        own_sqnr_db: what is left of it, signal to noise of its own error, in dB.
        before_db: the same of the worst layer before it; None where none adds an error.
        clipped_share: share of its values that its range does not hold, 0 to 1.
    """

    tensor: str
    own_sqnr_db: float
    before_db: float | None
    clipped_share: float


def find_damaged(errors: Mapping[str, LayerError]) -> Damaged | None:
    """Looks for the first layer that loses what it computes, where those before it did well.

    Args:
        errors: by tensor, in the order of computation.
    """
    before = None
    for name, error in errors.items():
        own = error.own_sqnr_db
        if own is None:
            continue
        if own <= MOST_DB:
            alone = before is None or before >= own + APART_DB
            return Damaged(name, own, before, error.clipped_share or 0.0) if alone else None
        before = own if before is None else min(before, own)
    return None


def damaged_words(found: Damaged, layer: str | None = None) -> str:
    """The finding in a sentence.

    Args:
        found: the layer.
        layer: its Keras name, where that is known.
    """
    name = layer or found.tensor
    if found.clipped_share > CLIPPED:
        why = f"{found.clipped_share:.0%} of its values are clipped: its range is too narrow"
    else:
        first = ", or rounding the input lost what it needs" if found.before_db is None else ""
        why = f"nothing is clipped there, so that its weights are probably damaged{first}"
    others = "" if found.before_db is None else f", where no layer before it keeps less than {found.before_db:.1f} dB"
    return (
        f"Layer {name} ruins the answers: its own error leaves {found.own_sqnr_db:.1f} dB of its output{others}; {why}"
    )
