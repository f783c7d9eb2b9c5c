"""What pruning and lower ranks would make of each layer, shown before anything is done."""

from __future__ import annotations

from dataclasses import replace
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
from .recipes.recipe import Recipe
from .recipes.recipe_file import load_recipe
from .shrinking.low_rank import plan_ranks, showing
from .shrinking.rounds import MEASURED_SAMPLES, apply_channels, plan_channels
from .shrinking.shrink import check_changeable


def plan_only(
    model: Path, asked: RecipeOptions, opening: OpeningOptions, *, data: str | None, console: Console | None
) -> str:
    """Tables of the layers before and after; the model stays as it is.

    Args:
        model: a Keras model's file.
        asked: for which target, how much to prune by what, and how low the ranks are to be.
        opening: how the file is opened.
        data: samples for an importance that is measured on them.
        console: where to show progress.

    Raises:
        InputError: nothing says how much to prune or to save by lower ranks, the model is no Keras model, or a budget
            cannot be met.
    """
    plan = make_plan(_untrained(asked))
    prune, low_rank = plan.recipe.prune, plan.recipe.low_rank
    if prune is None and low_rank is None:
        raise InputError(
            "--plan shows what --prune and --low-rank would do: say how much, as in --prune 0.5 or --low-rank 0.3"
        )
    if prune is not None and data is None and prune.importance in MEASURED_IMPORTANCES:
        raise InputError(
            f"{prune.importance} ranks channels by samples: add --data as for the conversion, or "
            "--importance l2, which looks at weights only"
        )
    with Steps(console) as steps:
        with steps.step("open", f"opening {model.name}"):
            opened = open_with(model, opening)
        check_changeable(opened, plan.recipe)
        with steps.step("plan", "looking at the layers") as step:
            keras_model = opened.keras_model
            if plan.recipe.remove_dead:
                from ..pruning.dead import remove_dead as without_dead

                keras_model, _ = without_dead(keras_model)
            samples = _samples(data, plan, opened) if data is not None else []
            tables = []
            if prune is not None:
                pruning = plan_channels(keras_model, plan, samples[:MEASURED_SAMPLES])
                keras_model = apply_channels(keras_model, pruning)
                tables.append(str(pruning))
            if low_rank is not None:
                tables.append(str(plan_ranks(keras_model, plan, samples, progress=showing(step, "looking at layers"))))
            return "\n\n".join(tables)


def _untrained(asked: RecipeOptions) -> RecipeOptions:
    """The options without what their recipe trains, and zeros that training chooses: a plan shows neither."""
    if asked.recipe is None:
        return asked
    recipe = asked.recipe if isinstance(asked.recipe, Recipe) else load_recipe(Path(asked.recipe))
    return replace(asked, recipe=replace(recipe, train=None, sparsify=None))


def _samples(data: str, plan: Plan, opened: OpenedModel) -> list[Feeds]:
    dataset = open_data(data, inputs=opened.inputs, limit=plan.recipe.quantize.samples)
    resolved = resolve_preprocess(
        plan.recipe.preprocess,
        opened_inputs=opened.inputs,
        dataset=dataset,
        keras_model=opened.keras_model,
        tflite=None,
    )
    contract = build_contract(resolved.preprocess, opened.inputs, opened.outputs, images=dataset.kind == "images")
    return [sample.feeds for sample in prepared(dataset, contract)]
