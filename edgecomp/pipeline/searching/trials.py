"""A trial of an open search: a choice becomes a recipe, a file, figures; what others made already is not made again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...planner.limits import Figures
from ...study.objects import Objects, key_of
from ...study.result import Result
from ...study.space import Params
from ..recipes.recipe import Recipe
from .candidate import Kitchen, Outcome
from .choices import recipe_of
from .jury import Judged
from .words import in_words

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

FIRST_PART = 4
"""A training is judged after one part in so many of its passes before the rest is spent on it."""

CLEAR_POINTS = 1.0
"""By which a trial has to lose more than a file that is as fast and as small, to be given up early."""


@dataclass(frozen=True)
class Made:
    """What is remembered of a recipe that was carried out.

    Args:
        outcome: figures, interval, and the recipe as it was in the end.
        file: SHA-256 of the .tflite.
    """

    recipe: dict[str, Any]
    figures: Figures
    judged: Judged
    file: str
    summary: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "recipe": self.recipe,
            "loss_points": self.figures.loss_points,
            "latency": self.figures.latency,
            "bytes": self.figures.bytes,
            "peak_memory_bytes": self.figures.memory,
            "low": self.judged.low,
            "high": self.judged.high,
            "agreement": self.judged.agreement,
            "file": self.file,
            "summary": self.summary,
        }


def made_of(stored: Any) -> Made | None:
    """The way back from `Made.to_dict`; None from anything else."""
    try:
        figures = Figures(
            stored["loss_points"], stored["latency"], int(stored["bytes"]), int(stored["peak_memory_bytes"])
        )
        judged = Judged(stored["loss_points"], stored["low"], stored["high"], stored["agreement"])
        return Made(stored["recipe"], figures, judged, str(stored["file"]), str(stored["summary"]))
    except (KeyError, TypeError, ValueError):
        return None


class Trials:
    """Carries out what a study asks for.

    Args:
        kitchen: carries recipes out.
        base: what all recipes have in common.
        objects: where files and results are kept.
        identity: what results depend on besides the recipe.
        most: see `recipe_of`.
    """

    def __init__(
        self,
        kitchen: Kitchen,
        base: Recipe,
        objects: Objects,
        identity: dict[str, Any],
        most: Mapping[str, float],
    ) -> None:
        self._kitchen, self._base, self._objects, self._identity = kitchen, base, objects, identity
        self._most = most

    def evaluate(self, params: Params, finished: Sequence[FrozenTrial]) -> Result:
        """One trial; see `study.result.Evaluate`."""
        recipe = recipe_of(params, self._base, self._most)
        try:
            early = self._shorter(recipe)
            if early is not None:
                made = self._made(early)
                if self._hopeless(made, recipe, early, finished):
                    reason = f"{made.figures.loss_points:.1f} points lost after a part of the training"
                    return Result(None, {"summary": in_words(recipe)}, reason)
            made = self._made(recipe)
        except InputError as error:  # so much cannot go, or not in this way
            return Result(None, {"summary": in_words(recipe)}, str(error))
        return Result(made.figures.objectives, made.to_dict())

    def _made(self, recipe: Recipe) -> Made:
        """What a recipe comes to; carried out unless somebody has done that already."""
        key = key_of(self._identity, recipe.to_dict())
        known = made_of(self._objects.result(key))
        if known is not None:
            return known
        candidate = self._kitchen.carry_out(recipe)
        if candidate.trainer is not None:
            candidate.trainer.forget()
        outcome: Outcome = candidate.outcome
        file = self._objects.put(candidate.compressed.file)
        made = Made(outcome.recipe.to_dict(), outcome.figures, outcome.judged, file, in_words(outcome.recipe))
        self._objects.remember(key, made.to_dict())
        return made

    def _shorter(self, recipe: Recipe) -> Recipe | None:
        """The same with a part of the training; None where there is none, or too little to divide."""
        if recipe.train is None or recipe.train.epochs is None or recipe.train.epochs < FIRST_PART:
            return None
        return replace(recipe, train=replace(recipe.train, epochs=recipe.train.epochs // FIRST_PART))

    def _hopeless(self, made: Made, recipe: Recipe, early: Recipe, finished: Sequence[FrozenTrial]) -> bool:
        """Whether even a training that goes well would leave it behind a file that is no slower and no larger."""
        # Losses seldom fall faster than with the square of the time: what is cut short here would not have been good.
        expected = made.figures.loss_points * _part(early, recipe) ** 2
        better = [
            trial.values[0]
            for trial in finished
            if trial.values and trial.values[1] <= made.figures.latency and trial.values[2] <= made.figures.bytes
        ]
        return bool(expected > min(better, default=math.inf) + CLEAR_POINTS)


def _part(early: Recipe, recipe: Recipe) -> float:
    """Which part of the passes of one the other has."""
    epochs = [one.train.epochs if one.train is not None else None for one in (early, recipe)]
    return (epochs[0] or 1) / (epochs[1] or 1)
