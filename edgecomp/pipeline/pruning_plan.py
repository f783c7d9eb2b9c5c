"""What pruning would remove, shown before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgecomp_runtime.preprocess import build_contract
from rich.console import Console

from ..data import open_data, prepared, resolve_preprocess
from ..errors import InputError
from ..models import OpenedModel, open_model
from ..progress import Steps
from .quantizing.holdout import Feeds
from .recipes.passes import MEASURED_IMPORTANCES
from .recipes.plan import Plan, make_plan
from .recipes.recipe import Recipe
from .shrinking.rounds import MEASURED_SAMPLES, plan_channels
from .shrinking.shrink import check_changeable


def plan_only(
    *,
    model: Path,
    target: str | None,
    recipe: str | Path | Recipe | None,
    prune: str | None,
    importance: str | None,
    remove_dead: bool | None,
    seed: int | None,
    data: str | None,
    preprocess: str | None,
    custom_objects: str | None,
    allow_code: bool,
    input_shape: Any,
    console: Console | None,
) -> str:
    """A table of the layers before and after; the model stays as it is.

    An importance that is measured on samples takes `data`, with an explicit `preprocess`.

    Raises:
        InputError: nothing says how much to prune, the model is no Keras model, or the budget cannot be met.
    """
    plan = make_plan(
        target=target,
        recipe=recipe,
        prune=prune,
        importance=importance,
        remove_dead=remove_dead,
        seed=seed,
        preprocess=preprocess,
    )
    if plan.recipe.prune is None:
        raise InputError("--plan shows what --prune would remove: say how much, as in --prune 0.5")
    if data is None and plan.recipe.prune.importance in MEASURED_IMPORTANCES:
        raise InputError(
            f"{plan.recipe.prune.importance} ranks channels by samples: add --data as for the conversion, or "
            "--importance l2, which looks at weights only"
        )
    with Steps(console) as steps:
        with steps.step("open", f"opening {model.name}"):
            opened = open_model(model, custom_objects=custom_objects, allow_code=allow_code, input_shape=input_shape)
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
