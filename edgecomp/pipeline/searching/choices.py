"""What `edgecomp search` may choose, and the recipe that a choice comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...errors import InputError
from ...study.space import Choice, Params, Space, Steps
from ...targets import Target
from ..recipes.passes import PrunePass, TrainPass
from ..recipes.recipe import Recipe
from .proposals import budget_of

MOST_TRAINED, MOST_UNTRAINED = 0.95, 0.3
"""Of what can be pruned, where the rest can be trained and where it cannot."""

STEP_TRAINED, STEP_UNTRAINED = 0.05, 0.02


FIRST = ((0.0, "global"), (0.3, "measured"), (0.5, "global"), (0.7, "measured"), (0.85, "global"))
"""What the planner would try first: of the largest share, and how layers are weighed."""


def space_of(recipe: Recipe, target: Target, *, keras: bool, train: bool) -> Space:
    """What can be chosen for a model on a target.

    Args:
        recipe: number format and how training learns.
        target: the device.
        keras: whether it is a Keras model, which alone can be pruned.
        train: whether there are samples to train on.
    """
    found: list[Choice | Steps] = []
    if keras:
        speed = budget_of("latency", target)
        found += [
            Steps("prune", 0.0, *((MOST_TRAINED, STEP_TRAINED) if train else (MOST_UNTRAINED, STEP_UNTRAINED))),
            Choice("budget", (speed, "bytes")),
            Choice("ranking", ("global", "measured", "local")),
            Choice("importance", ("taylor", "l2")),
        ]
    if train and recipe.quantize.scheme == "int8":
        found.append(Choice("qat", (False, True)))
    if recipe.quantize.scheme == "int8" and "float32" in target.model.schemes:
        found.append(Choice("float_budget", (0.0, 10.0, 30.0)))
    if not found:
        raise _nothing_to_choose(recipe)
    return tuple(found)


def first_choices(space: Space) -> tuple[Params, ...]:
    """What the planner would try first: the network as it is, and a few shares, each way of weighing layers once."""
    names = {one.name for one in space}
    usual = {"qat": False, "float_budget": 10.0}
    made = []
    steps = next((one for one in space if isinstance(one, Steps)), None)
    speed = next((one.values[0] for one in space if isinstance(one, Choice) and one.name == "budget"), "macs")
    for place, ranking in FIRST if steps else FIRST[:1]:
        share = 0.0 if steps is None else round(round(place * steps.high / steps.step) * steps.step, 6)
        own = {"prune": share, "budget": speed, "ranking": ranking, "importance": "taylor", **usual}
        made.append({name: value for name, value in own.items() if name in names})
    return tuple(made)


def recipe_of(params: Params, base: Recipe, most: Mapping[str, float]) -> Recipe:
    """What a choice comes to.

    Choices without a meaning beside others (how to rank channels where none goes) leave no trace in it, so that the
    same is not carried out twice.

    Args:
        params: a value for each parameter.
        base: target, number format, and how training learns.
        most: by budget, the largest share that can be pruned; shares that are chosen are shares of it.
    """
    prune = None
    share = round(float(params.get("prune", 0.0)) * most.get(params.get("budget", ""), 0.0), 4)
    if share > 0:
        prune = PrunePass(share, params["budget"], params["importance"], params["ranking"])
    quantize = replace(base.quantize, settings=None)
    if "float_budget" in params:
        quantize = replace(quantize, float_budget=float(params["float_budget"]))
    return replace(
        base, prune=prune, train=_training(base.train, prune, qat=bool(params.get("qat"))), quantize=quantize
    )


def _training(base: TrainPass | None, prune: PrunePass | None, *, qat: bool) -> TrainPass | None:
    if base is None or (prune is None and not qat):
        return None
    recover = ("distill" if base.recover == "none" else base.recover) if prune is not None else "none"
    return replace(base, recover=recover, qat=qat, steps=None)


def _nothing_to_choose(recipe: Recipe) -> InputError:
    return InputError(
        "there is nothing to choose: the model is no Keras model, so that it cannot be pruned, and "
        f"{recipe.quantize.scheme} has no settings"
    )
