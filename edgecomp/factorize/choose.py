"""Chooses how each layer is written: least is lost for what is saved. Needs no TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ..errors import InputError
from .forms import Option

Counted = Literal["macs", "params"]

_CALLED = {"macs": "MACs", "params": "parameters"}

_LEAST_ENERGY = 1e-6
"""A layer that keeps nothing loses much, not infinitely much."""


@dataclass(frozen=True)
class Budget:
    """A share of a network's cost to remove.

    Args:
        of: "macs" or "params".
        share: at least this much, above 0 and below 1.
    """

    of: Counted
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(
                f"the share of the {_CALLED[self.of]} to remove is between 0 and 1, not {self.share}: 0.5 removes half"
            )


@dataclass(frozen=True)
class Choice:
    """One way to write one layer.

    Args:
        option: None leaves it as it is.
        saved: of what the budget counts.
        kept: share of what the layer gives that it still gives.
    """

    option: Option | None
    saved: int
    kept: float

    @property
    def loss(self) -> float:
        """What is lost of all layers' energies multiplied, as a logarithm (Zhang et al. 2015, section 2.5)."""
        return -math.log(max(self.kept, _LEAST_ENERGY))


AS_IT_IS = Choice(None, 0, 1.0)


def choose_for_budget(ladders: Mapping[str, Sequence[Choice]], budget: Budget, whole: int) -> dict[str, Choice]:
    """The choices that together save what is asked for.

    Steps down the lower convex hulls of all layers' losses over what they save, the flattest first, are the best there
    are for what they save; the last step, which may save more than is missing, is then made as small as it may be.

    Args:
        ladders: what there is for each layer.
        budget: what to save.
        whole: what the network costs now, in what the budget counts.

    Returns:
        a choice for each layer.

    Raises:
        InputError: there is not so much to save; the message says how much there is.
    """
    needed = math.ceil(budget.share * whole)
    hulls = {name: _hull(choices) for name, choices in ladders.items()}
    steps = [(_slope(before, after), name, after) for name, hull in hulls.items() for before, after in pairwise(hull)]
    chosen = dict.fromkeys(ladders, AS_IT_IS)
    saved = 0
    for _, name, choice in sorted(steps, key=lambda step: (step[0], step[1], step[2].saved)):
        missing = needed - saved + chosen[name].saved
        if choice.saved >= missing:
            enough = [one for one in (*ladders[name], choice) if one.saved >= missing]
            return {**chosen, name: min(enough, key=lambda one: (one.loss, -one.saved))}
        saved += choice.saved - chosen[name].saved
        chosen[name] = choice
    raise InputError(
        f"layers of low rank can remove at most {math.floor(1000 * saved / max(whole, 1)) / 10}% of the "
        f"{_CALLED[budget.of]}, not {budget.share:.1%}: the others would not become faster. Ask for less, allow a "
        "smaller multiple, or prune channels as well"
    )


def choose_for_energy(ladders: Mapping[str, Sequence[Choice]], energy: float) -> dict[str, Choice]:
    """For each layer what saves most and still keeps a share of its energy; a layer that cannot stays as it is."""
    return {
        name: max((AS_IT_IS, *(one for one in choices if one.kept >= energy)), key=lambda one: (one.saved, one.kept))
        for name, choices in ladders.items()
    }


def _hull(choices: Sequence[Choice]) -> list[Choice]:
    """The lower convex hull from the layer as it is: losses rise ever more for what is saved."""
    hull = [AS_IT_IS]
    for choice in sorted(choices, key=lambda one: (one.saved, one.loss)):
        if choice.saved <= hull[-1].saved:
            continue
        while len(hull) > 1 and _slope(hull[-2], choice) <= _slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(choice)
    return hull


def _slope(before: Choice, after: Choice) -> float:
    return (after.loss - before.loss) / (after.saved - before.saved)
