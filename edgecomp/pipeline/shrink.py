"""Fewer channels, before there are integers: dead ones always, others as far as the recipe asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ..errors import InputError
from ..latency.estimate import layer_milliseconds
from ..models import OpenedModel
from .float_file import FloatModel, export_again
from .holdout import Feeds
from .plan import Plan
from .recipe import PrunePass
from .workbench import Workbench

if TYPE_CHECKING:
    from ..pruning.dead import DeadChannels
    from ..pruning.plan import PruningPlan

MEASURED_SAMPLES = 64
"""Calibration samples that an importance is measured on, as far as it is measured."""


@dataclass(frozen=True)
class Shrunk:
    """The model that integers are made of.

    Args:
        model: smaller, or the very model where nothing went.
        dead: the channels that could go without any change, round by round.
        plan: the channels that were pruned; None where none were asked for.
    """

    model: FloatModel
    dead: tuple[DeadChannels, ...] = ()
    plan: PruningPlan | None = None

    @property
    def dead_channels(self) -> int:
        """How many channels went without any change."""
        return sum(len(one.channels) for one in self.dead)


def shrink(model: FloatModel, plan: Plan, bench: Workbench) -> Shrunk:
    """Removes channels and exports what is left.

    Raises:
        InputError: pruning is asked for, and nothing in the model can go, or not so much.
        ExportMismatchError: the smaller file computes something else than the smaller model.
    """
    check_prunable(model.model, plan.recipe.prune)
    keras_model = model.model.keras_model
    if keras_model is None:
        return Shrunk(model)
    from ..pruning.dead import remove_dead

    smaller, pruning = keras_model, None
    dead: tuple[DeadChannels, ...] = ()
    if plan.recipe.remove_dead:
        with bench.steps.step("dead", "looking for dead channels") as step:
            smaller, dead = remove_dead(keras_model, input_range=_photo_ranges(keras_model, model.contract))
            step.detail = f"{sum(len(one.channels) for one in dead)} found"
    if plan.recipe.prune is not None:
        with bench.steps.step("prune", "choosing channels to prune") as step:
            samples = [sample.feeds for sample in islice(model.calibration, MEASURED_SAMPLES)]
            pruning = plan_channels(smaller, plan, samples)
            smaller = _applied(smaller, pruning)
            step.detail = pruning.summary()
    if smaller is keras_model:
        return Shrunk(model)
    with bench.steps.step("export pruned", "exporting the smaller model"):
        return Shrunk(export_again(model, smaller, bench), dead, pruning)


def plan_channels(keras_model: Any, plan: Plan, samples: Sequence[Feeds]) -> PruningPlan:
    """Decides what to prune.

    Args:
        keras_model: without dead channels.
        plan: with a `PrunePass`, and a target whose channel multiple and latencies count.
        samples: preprocessed ones, for an importance that is measured.
    """
    from ..pruning.plan import plan_pruning

    asked = plan.recipe.prune
    assert asked is not None
    return plan_pruning(
        keras_model,
        **{asked.budget: asked.share},  # type: ignore[arg-type]
        latency_model=layer_milliseconds(plan.target) if asked.budget == "latency" else None,
        importance=asked.importance,
        data=_arrays(samples) if samples else None,
        multiple=plan.target.model.channel_multiple,
        ranking=asked.ranking,
        ignore=asked.ignore,
        seed=plan.recipe.seed,
    )


def check_prunable(opened: OpenedModel, asked: PrunePass | None) -> None:
    """Says at once what would only come out after the export.

    Raises:
        InputError: pruning is asked for, and this is no Keras model.
    """
    if asked is not None and opened.keras_model is None:
        raise InputError(f"only Keras models can be pruned, and this is a {opened.format}; leave --prune out")


def _photo_ranges(keras_model: Any, contract: Contract) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What preprocessing makes of photos, whose values are 0 to 255: lowest and highest by input name and channel."""
    ranges = {}
    for tensor, one in zip(keras_model.inputs, contract.inputs, strict=True):
        if one.image is not None:
            ends = [(raw - np.asarray(one.mean)) / np.asarray(one.std) for raw in (0.0, 255.0)]
            ranges[tensor.name] = (np.minimum(*ends), np.maximum(*ends))
    return ranges


def _applied(keras_model: Any, pruning: PruningPlan) -> Any:
    from ..pruning.plan import apply_plan

    return apply_plan(keras_model, pruning) if pruning.removed else keras_model


def _arrays(samples: Sequence[Feeds]) -> np.ndarray | list[np.ndarray]:
    """Samples in the order of the model's inputs, which the feeds have too."""
    arrays = [np.concatenate([one[name] for one in samples]) for name in samples[0]]
    return arrays[0] if len(arrays) == 1 else arrays
