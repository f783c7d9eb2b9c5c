"""Recipes worth trying, made of what the planner decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ...planner.limits import Goal
from ...targets import Target
from ..recipes.passes import PrunePass, TrainPass
from ..recipes.recipe import Recipe

Ranking = Literal["global", "local", "measured"]

RANKINGS: tuple[Ranking, ...] = ("global", "measured")
"""Ways of weighing layers against each other that are both tried."""

UNTRAINED_SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""What is pruned where nothing can be trained back, until too much is lost."""

FLOAT_BUDGETS = (30.0, 100.0)
"""Percent that float operators may cost, where integers lose more than is allowed."""


def untouched(recipe: Recipe) -> Recipe:
    """The network as it is, in the plan's number format."""
    return replace(recipe, prune=None, train=None)


def budget_of(goal: Goal, target: Target) -> str:
    """What is pruned for a goal: what the pruning pass can count that comes nearest to it."""
    if goal == "size":
        return "bytes"
    return "latency" if goal == "latency" and target.prediction is not None else "macs"


def pruned(
    recipe: Recipe,
    budget: str,
    share: float,
    ranking: Ranking,
    *,
    seconds: float | None = None,
    qat: bool = False,
) -> Recipe:
    """A share of a budget pruned, and trained for some time; for none where that is None."""
    train = None
    if seconds is not None:
        base = recipe.train or TrainPass()
        recover = base.recover if base.recover != "none" else "distill"
        train = replace(base, recover=recover, time_budget=round(seconds, 1), qat=qat or base.qat, steps=None)
    return replace(recipe, prune=PrunePass(share, budget, ranking=ranking), train=train)


def continued(recipe: Recipe, share: float, seconds: float) -> Recipe:
    """One more round behind those of a recipe.

    Args:
        recipe: that prunes and trains.
        share: that is gone in the end; as much as before, or more.
        seconds: of the new round.
    """
    assert recipe.prune is not None
    assert recipe.train is not None
    stages = (*(recipe.prune.stages or (recipe.prune.share,)), share)
    spent = recipe.train.time_budget or 0.0
    train = replace(recipe.train, time_budget=round(spent + seconds, 1), rounds=len(stages), steps=None)
    return replace(recipe, prune=replace(recipe.prune, share=share, stages=stages), train=train)


def retrained(recipe: Recipe, seconds: float) -> Recipe:
    """Nothing pruned, and trained with the rounding of the integers in place."""
    train = replace(recipe.train or TrainPass(), recover="none", time_budget=round(seconds, 1), qat=True, steps=None)
    return replace(recipe, prune=None, train=train)


def gentler_integers(recipe: Recipe, allowed_schemes: tuple[str, ...]) -> tuple[Recipe, ...]:
    """Number formats that lose less than integers throughout, the smallest first, as far as the target has them."""
    quantize = recipe.quantize
    found = [replace(quantize, float_budget=one, settings=None) for one in FLOAT_BUDGETS if one > quantize.float_budget]
    if quantize.scheme not in ("int8", "int16x8") or "float32" not in allowed_schemes:
        found = []
    for scheme in ("dynamic", "float16"):
        if scheme in allowed_schemes and quantize.scheme != scheme:
            found.append(replace(quantize, scheme=scheme, io="float", settings=None))
    return tuple(replace(recipe, quantize=one, prune=None, train=None) for one in found)
