"""Fewer channels, before there are integers: dead ones always, others as far as the recipe asks; then training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ...errors import InputError
from ...models import OpenedModel
from ..float_file import FloatModel, export_again
from ..recipes.plan import Plan
from ..recipes.recipe import Recipe
from ..samples import stacked
from ..workbench import Workbench
from .low_rank import lower_rank
from .rounds import Pruned, Round, prune_in_rounds
from .trainer import Trainer

if TYPE_CHECKING:
    from ...pruning.dead import DeadChannels


@dataclass(frozen=True)
class Shrunk:
    """The model that integers are made of.

    Args:
        model: smaller, or the very model where nothing went.
        dead: the channels that could go without any change, round by round.
        silent: the channels that never moved on the calibration samples, where those were asked for.
        rounds: the channels that were pruned, the layers that were written as smaller ones, and how the rest was
            trained; none where nothing of this was asked for.
        original: the Keras model that the first round began with; None where there was no round.
    """

    model: FloatModel
    dead: tuple[DeadChannels, ...] = ()
    silent: DeadChannels | None = None
    rounds: tuple[Round, ...] = ()
    original: Any = None

    @property
    def dead_channels(self) -> int:
        """How many channels went without any change."""
        return sum(len(one.channels) for one in self.dead)


def shrink(
    model: FloatModel, plan: Plan, bench: Workbench, trainer: Trainer | None = None, *, after: Shrunk | None = None
) -> Shrunk:
    """Removes channels, trains what is left where the recipe says so, and exports it.

    Args:
        model: the original.
        plan: whose recipe says what goes.
        bench: where it is exported.
        trainer: None where nothing is trained.
        after: what the recipe's first rounds came to, by a recipe that begins as this one does; None to do them all.

    Raises:
        InputError: pruning is asked for, and nothing in the model can go, or not so much; or the samples cannot be
            trained on.
        ExportMismatchError: the smaller file computes something else than the smaller model.
    """
    check_changeable(model.model, plan.recipe)
    keras_model = model.model.keras_model
    if keras_model is None:
        return Shrunk(model)
    if after is not None and after.rounds:
        return _continued(after, model, plan, bench, trainer)
    from ...pruning.dead import remove_dead

    smaller = keras_model
    dead: tuple[DeadChannels, ...] = ()
    if plan.recipe.remove_dead:
        with bench.steps.step("dead", "looking for dead channels") as step:
            smaller, dead = remove_dead(keras_model, input_range=_photo_ranges(keras_model, model.contract))
            step.detail = f"{sum(len(one.channels) for one in dead)} found"
    silent = None
    if plan.recipe.remove_silent:
        smaller, silent = _without_silent(smaller, model, bench)
    original = smaller
    rounds: tuple[Round, ...] = ()
    train = plan.recipe.train
    recovering = trainer if train is not None and train.recover != "none" else None
    low_rank = plan.recipe.low_rank is not None
    if plan.recipe.prune is not None or (recovering is not None and not low_rank):
        pruned = prune_in_rounds(Pruned(smaller, smaller), model, plan, bench, recovering)
        smaller, rounds = pruned.network, pruned.rounds
    if low_rank:
        smaller, last = lower_rank(smaller, keras_model, model, plan, bench, recovering, done=len(rounds))
        rounds = (*rounds, last)
    if smaller is keras_model:
        return Shrunk(model)
    with bench.steps.step("export pruned", "exporting the smaller model"):
        return Shrunk(export_again(model, smaller, bench), dead, silent, rounds, original)


def _continued(after: Shrunk, model: FloatModel, plan: Plan, bench: Workbench, trainer: Trainer | None) -> Shrunk:
    """The rounds that are left."""
    before = Pruned(after.original, after.model.model.keras_model, after.rounds)
    pruned = prune_in_rounds(before, model, plan, bench, trainer)
    with bench.steps.step("export pruned", "exporting the smaller model"):
        return replace(after, model=export_again(model, pruned.network, bench), rounds=pruned.rounds)


def _without_silent(keras_model: Any, model: FloatModel, bench: Workbench) -> tuple[Any, DeadChannels]:
    from ...pruning.silent import remove_silent

    with bench.steps.step("silent", "looking for channels that never move") as step:
        samples = [sample.feeds for sample in model.calibration]
        smaller, silent = remove_silent(keras_model, stacked(samples))
        step.detail = f"{len(silent.channels)} found on {len(samples)} samples"
    return smaller, silent


def check_changeable(opened: OpenedModel, recipe: Recipe) -> None:
    """Says at once what would only come out after the export.

    Raises:
        InputError: pruning, lower ranks or training are asked for, and this is no Keras model.
    """
    if opened.keras_model is not None:
        return
    for asked, done, option in (
        (recipe.prune, "pruned", "--prune"),
        (recipe.low_rank, "written as layers of low rank", "--low-rank"),
        (recipe.train, "trained", "--train"),
    ):
        if asked is not None:
            raise InputError(f"only Keras models can be {done}, and this is a {opened.format}; leave {option} out")


def _photo_ranges(keras_model: Any, contract: Contract) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What preprocessing makes of photos, whose values are 0 to 255: lowest and highest by input name and channel."""
    ranges = {}
    for tensor, one in zip(keras_model.inputs, contract.inputs, strict=True):
        if one.image is not None:
            ends = [(raw - np.asarray(one.mean)) / np.asarray(one.std) for raw in (0.0, 255.0)]
            ranges[tensor.name] = (np.minimum(*ends), np.maximum(*ends))
    return ranges
