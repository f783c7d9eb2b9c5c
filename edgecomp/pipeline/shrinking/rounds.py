"""Pruning and training in turn: less goes at a time, and what is left has learned before more goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...latency.estimate import layer_milliseconds
from ..float_file import FloatModel
from ..quantizing.holdout import Feeds
from ..recipes.passes import PrunePass
from ..recipes.plan import Plan
from ..samples import stacked
from ..workbench import Workbench
from .trainer import Trainer

if TYPE_CHECKING:
    from ...factorize.plan import LowRankPlan
    from ...pruning.plan import PruningPlan
    from ...train.features import FeatureMatch
    from ...train.progress import Trained

MEASURED_SAMPLES = 64
"""Calibration samples that an importance is measured on, as far as it is measured."""

ALL_BUT_NOTHING = 0.999

LEAST_SHARE = 0.1
"""Of its channels, that every layer keeps at least when all rounds are over."""


@dataclass(frozen=True)
class Round:
    """One round.

    Args:
        plan: the channels that went; None where there was only training.
        trained: how the rest was trained; None where it was not.
        low_rank: the layers that were written as smaller ones; None where that was not done.
    """

    plan: PruningPlan | None
    trained: Trained | None = None
    low_rank: LowRankPlan | None = None


def prune_in_rounds(
    keras_model: Any, model: FloatModel, plan: Plan, bench: Workbench, trainer: Trainer | None
) -> tuple[Any, tuple[Round, ...]]:
    """Prunes as the recipe asks, and trains after each round.

    Args:
        keras_model: what is pruned; it stays as it is.
        model: the original, which the training learns from, with its samples.
        plan: with a prune pass, a train pass, or both.
        bench: shows progress.
        trainer: None where nothing is trained.

    Returns:
        the new model, and what happened.

    Raises:
        InputError: nothing can go, or not so much; or the samples cannot be trained on.
    """
    asked = plan.recipe.prune
    teacher = _flat(keras_model)  # what a plan's channels are counted in; it answers as the original does
    distilled = plan.recipe.train is not None and plan.recipe.train.recover == "distill"
    rounds = plan.recipe.train.rounds if plan.recipe.train and trainer else 1
    samples = [sample.feeds for sample in islice(model.calibration, MEASURED_SAMPLES)] if asked else []
    done: list[Round] = []
    features: tuple[FeatureMatch, ...] | None = None
    for number in range(rounds):
        title = f" (round {number + 1} of {rounds})" if rounds > 1 else ""
        pruning, smaller = None, _copy(keras_model) if trainer is not None else keras_model
        if asked is not None:
            with bench.steps.step("prune", f"choosing channels to prune{title}") as step:
                pruning = plan_channels(keras_model, plan, samples, share=_share(asked, done, rounds), rounds=rounds)
                smaller = apply_channels(keras_model, pruning)
                step.detail = pruning.summary()
        trained = None
        if trainer is not None:
            if distilled and pruning is not None:
                features = _features(keras_model, pruning, features)
            trained = trainer.recover(smaller, teacher, number, title, features or ())
        keras_model = smaller
        done.append(Round(pruning, trained))
    return keras_model, tuple(done)


def plan_channels(
    keras_model: Any, plan: Plan, samples: Sequence[Feeds], *, share: float | None = None, rounds: int = 1
) -> PruningPlan:
    """Decides what to prune.

    Args:
        keras_model: without dead channels.
        plan: with a `PrunePass`, and a target whose channel multiple and latencies count.
        samples: preprocessed ones, for an importance that is measured.
        share: what to remove of the recipe's budget in this round; None for all that the recipe asks.
        rounds: how many there are, which together keep the floor of each layer.
    """
    from ...pruning.plan import plan_pruning

    asked = plan.recipe.prune
    assert asked is not None
    return plan_pruning(
        keras_model,
        **{asked.budget: asked.share if share is None else share},  # type: ignore[arg-type]
        latency_model=layer_milliseconds(plan.target) if asked.budget == "latency" else None,
        importance=asked.importance,
        data=stacked(samples) if samples else None,
        multiple=plan.target.model.channel_multiple,
        ranking=asked.ranking,
        ignore=asked.ignore,
        min_share=LEAST_SHARE ** (1 / rounds),
        seed=plan.recipe.seed,
    )


def most_share(keras_model: Any, plan: Plan) -> float:
    """The largest share of the recipe's budget that can be removed, 0 to 1; 0 where nothing can."""
    from ...pruning.budget import TooMuchError

    assert plan.recipe.prune is not None
    everything = replace(plan.recipe.prune, share=ALL_BUT_NOTHING, importance="l2", ranking="global")
    try:
        plan_channels(keras_model, replace(plan, recipe=replace(plan.recipe, prune=everything)), ())
    except TooMuchError as error:
        return error.most
    except InputError:
        return 0.0
    return ALL_BUT_NOTHING


def _share(asked: PrunePass, done: Sequence[Round], rounds: int) -> float:
    """What to remove in the next round of what is left, so that all rounds keep the same part and reach the goal.

    Widths are rounded, so that a round may have removed more than it was asked to; the next removes that much less.
    """
    each = (1 - asked.share) ** (1 / rounds)
    left = math.prod(_left(one.plan, asked.budget) or each for one in done if one.plan is not None)
    return float(max(1 - each ** (len(done) + 1) / left, 1e-3))


def _left(plan: PruningPlan, budget: str) -> float | None:
    """Which part of the budget a plan leaves; None for latency, which plans do not count."""
    before, after = getattr(plan.before, budget, None), getattr(plan.after, budget, None)
    return after / before if before and after else None


def _features(
    keras_model: Any, pruning: PruningPlan, before: tuple[FeatureMatch, ...] | None
) -> tuple[FeatureMatch, ...]:
    """Which channels of the very first network a round leaves, at the ends of its stages.

    Args:
        keras_model: what was pruned in this round.
        pruning: how.
        before: the same of the round before; None in the first.
    """
    from ...train.features import matches_from_plan

    now = matches_from_plan(_flat(keras_model), pruning)
    if before is None:
        return now
    earlier = {one.student_layer: one for one in before}
    return tuple(
        replace(one, channels=_through(earlier[one.student_layer].channels, one.channels))
        for one in now
        if one.student_layer in earlier
    )


def _through(first: tuple[int, ...] | None, second: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Two choices of channels one after the other; None takes all."""
    if first is None or second is None:
        return first if second is None else second
    return tuple(first[index] for index in second)


def _flat(keras_model: Any) -> Any:
    from ...pruning.flatten import flatten

    return flatten(keras_model)


def _copy(keras_model: Any) -> Any:
    """A model of its own with the same weights."""
    import keras

    copy = keras.models.clone_model(keras_model)
    copy.set_weights(keras_model.get_weights())
    return copy


def apply_channels(keras_model: Any, pruning: PruningPlan) -> Any:
    """A model of its own without the channels that a plan removes."""
    from ...pruning.plan import apply_plan

    return apply_plan(keras_model, pruning) if pruning.removed else _copy(keras_model)
