"""What a result is worth beside the first, all its costs weighed as a scenario has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..evaluate.cost.scenarios import QUANTITIES, Scenario
from ..evaluate.cost.score import Quantity, Score, score

if TYPE_CHECKING:
    from .comparing import Against


def worth(against: Sequence[Against], scenario: Scenario) -> Score:
    """Weighs one result's figures; those that do not compare with the first's count nothing, and the score says so.

    Args:
        against: of the result.
        scenario: what counts.
    """
    by_name = {one.quantity: one for one in against}
    return score([_quantity(name, by_name[name]) for name in QUANTITIES if name in by_name], scenario)


def _quantity(name: str, one: Against) -> Quantity:
    if name == "accuracy":
        return Quantity(name, "points", None if one.difference is None else -one.difference.value)
    if one.ratio is None:
        return Quantity(name, "")
    return Quantity(name, "", one.ratio.value, 1.0)
