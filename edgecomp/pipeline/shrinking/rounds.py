"""Pruning and training in turn: less goes at a time, and what is left has learned before more goes."""

from __future__ import annotations

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
"""Of its channels, that every layer keeps at least when all rounds are over; where rounds are stages of which nobody
knew how many there would be, in the first of them, ..."""

LEAST_OF_STAGE = 0.25
"""... and in each other."""

NOTHING = 1e-3
"""A smaller share is not worth a cut."""


@dataclass(frozen=True)
class Round:
    """One round.

    Args:
        plan: the channels that went; None where there was only training.
        trained: how the rest was trained; None where it was not.
        low_rank: the layers that were written as smaller ones; None where that was not done.
        features: which channels of the original are left, where training drew them to its.
    """

    plan: PruningPlan | None
    trained: Trained | None = None
    low_rank: LowRankPlan | None = None
    features: tuple[FeatureMatch, ...] = ()


@dataclass(frozen=True, eq=False)
class Pruned:
    """Where pruning in rounds stands.

    Args:
        original: what the first round began with, which is what is learned from.
        network: what the last one ended with.
        rounds: so far.
    """

    original: Any
    network: Any
    rounds: tuple[Round, ...] = ()


def prune_in_rounds(pruned: Pruned, model: FloatModel, plan: Plan, bench: Workbench, trainer: Trainer | None) -> Pruned:
    """Prunes as the recipe asks, and trains after each round.

    Args:
        pruned: where to begin, or to go on from where some of the recipe's rounds were done; its networks stay as they
            are.
        model: the original, with its samples.
        plan: with a prune pass, a train pass, or both.
        bench: shows progress.
        trainer: None where nothing is trained.

    Raises:
        InputError: nothing can go, or not so much; or the samples cannot be trained on.
    """
    asked = plan.recipe.prune
    teacher = _flat(pruned.original)  # what a plan's channels are counted in; it answers as the original does
    distilled = plan.recipe.train is not None and plan.recipe.train.recover == "distill"
    rounds = plan.recipe.train.rounds if plan.recipe.train and trainer else 1
    samples = [sample.feeds for sample in islice(model.calibration, MEASURED_SAMPLES)] if asked else []
    network, done = pruned.network, list(pruned.rounds)
    features = done[-1].features if done else None
    for number in range(len(done), rounds):
        title = f" (round {number + 1} of {rounds})" if rounds > 1 else ""
        pruning, smaller = None, _copy(network) if trainer is not None else network
        share = None if asked is None else _share(asked, done, rounds)
        if share is not None and share >= NOTHING:
            with bench.steps.step("prune", f"choosing channels to prune{title}") as step:
                floor = _least(plan.recipe.prune, number, rounds)
                pruning = plan_channels(network, plan, samples, share=share, floor=floor)
                smaller = apply_channels(network, pruning)
                step.detail = pruning.summary()
        trained = None
        if trainer is not None:
            if distilled and pruning is not None:
                features = _features(network, pruning, features)
            trained = trainer.recover(smaller, teacher, number, title, features or ())
        network = smaller
        done.append(Round(pruning, trained, features=features or ()))
    return replace(pruned, network=network, rounds=tuple(done))


def plan_channels(
    keras_model: Any, plan: Plan, samples: Sequence[Feeds], *, share: float | None = None, floor: float = LEAST_SHARE
) -> PruningPlan:
    """Decides what to prune.

    Args:
        keras_model: without dead channels.
        plan: with a `PrunePass`, and a target whose channel multiple and latencies count.
        samples: preprocessed ones, for an importance that is measured.
        share: what to remove of the recipe's budget in this round; None for all that the recipe asks.
        floor: share of its channels that every layer keeps at least.
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
        min_share=floor,
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
    """What to remove in the next round of what is left.

    Widths are rounded, so that a round may have removed more than it was asked to; the next removes that much less.
    """
    wanted = [1.0, *_wanted(asked, rounds)]
    left = 1.0
    for place, one in enumerate(done):
        if one.plan is not None:
            left *= _left(one.plan, asked.budget) or wanted[place + 1] / wanted[place]
    share = 1 - wanted[len(done) + 1] / left
    return share if asked.stages is not None else max(share, NOTHING)


def _wanted(asked: PrunePass, rounds: int) -> list[float]:
    """What is to be left after each round."""
    if asked.stages is not None:
        return [1 - one for one in asked.stages]
    each = (1 - asked.share) ** (1 / rounds)
    return [each ** (number + 1) for number in range(rounds)]


def _least(asked: PrunePass | None, number: int, rounds: int) -> float:
    """Share of its channels that every layer keeps at least in a round, counted from 0."""
    if asked is not None and asked.stages is not None:
        return LEAST_OF_STAGE if number else LEAST_SHARE
    return float(LEAST_SHARE ** (1 / rounds))


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
