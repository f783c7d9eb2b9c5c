"""What pruning would remove, shown before anything is done."""

from __future__ import annotations

from pathlib import Path

from edgecomp_runtime.preprocess import build_contract
from rich.console import Console

from ..data import open_data, prepared, resolve_preprocess
from ..errors import InputError
from ..models import OpenedModel
from ..progress import Steps
from .opening import open_with
from .options.conversion import RecipeOptions
from .options.shared import OpeningOptions
from .quantizing.holdout import Feeds
from .recipes.passes import MEASURED_IMPORTANCES
from .recipes.plan import Plan, make_plan
from .shrinking.rounds import MEASURED_SAMPLES, plan_channels
from .shrinking.shrink import check_changeable


def plan_only(
    model: Path, asked: RecipeOptions, opening: OpeningOptions, *, data: str | None, console: Console | None
) -> str:
    """A table of the layers before and after; the model stays as it is.

    Args:
        model: a Keras model's file.
        asked: for which target, and how much to prune by what.
        opening: how the file is opened.
        data: samples for an importance that is measured on them.
        console: where to show progress.

    Raises:
        InputError: nothing says how much to prune, the model is no Keras model, or the budget cannot be met.
    """
    plan = make_plan(asked)
    if plan.recipe.prune is None:
        raise InputError("--plan shows what --prune would remove: say how much, as in --prune 0.5")
    if data is None and plan.recipe.prune.importance in MEASURED_IMPORTANCES:
        raise InputError(
            f"{plan.recipe.prune.importance} ranks channels by samples: add --data as for the conversion, or "
            "--importance l2, which looks at weights only"
        )
    with Steps(console) as steps:
        with steps.step("open", f"opening {model.name}"):
            opened = open_with(model, opening)
        check_changeable(opened, plan.recipe)
        with steps.step("plan", "choosing channels to prune"):
            keras_model = opened.keras_model
            if plan.recipe.remove_dead:
                from ..pruning.dead import remove_dead as without_dead

                keras_model, _ = without_dead(keras_model)
            samples = _samples(data, plan, opened) if data is not None else []
            return str(plan_channels(keras_model, plan, samples))


def _samples(data: str, plan: Plan, opened: OpenedModel) -> list[Feeds]:
    dataset = open_data(data, inputs=opened.inputs, limit=MEASURED_SAMPLES)
    resolved = resolve_preprocess(
        plan.recipe.preprocess,
        opened_inputs=opened.inputs,
        dataset=dataset,
        keras_model=opened.keras_model,
        tflite=None,
    )
    contract = build_contract(resolved.preprocess, opened.inputs, opened.outputs, images=dataset.kind == "images")
    return [sample.feeds for sample in prepared(dataset, contract)]
