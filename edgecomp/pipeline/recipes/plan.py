"""What a run is going to do, decided before TensorFlow is even loaded: options, target and recipe become one plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgecomp_runtime.preprocess import parse_preprocess

from ...errors import InputError
from ...quantize.schemes import INTEGERS, IOS, SCHEMES
from ...quantize.settings import EFFORTS
from ...targets import Target, load_target
from ..options.conversion import QuantizationOptions, RecipeOptions, TrainingOptions
from .passes import BUDGETS, IMPORTANCES, LOW_RANKS, RECOVERS, LowRankPass, PrunePass, QuantizePass, TrainPass
from .recipe import Recipe
from .recipe_file import load_recipe
from .weight_passes import TRAINED_CRITERIA, parse_cluster, parse_codebook, parse_sparsity

if TYPE_CHECKING:
    from ..quantizing.quantized import Quantized

Decided = TypeVar("Decided", QuantizePass, TrainPass, Recipe)


@dataclass(frozen=True)
class Plan:
    """A recipe with the target it is for.

    Args:
        target: the device profile.
        recipe: passes and options; `preprocess` may still be "auto".
        warnings: sentences a user should read.
    """

    target: Target
    recipe: Recipe
    warnings: tuple[str, ...] = ()

    def with_preprocess(self, preprocess: str) -> Plan:
        """The plan with what was found for the recipe's `auto`."""
        return replace(self, recipe=replace(self.recipe, preprocess=preprocess))

    def with_found(self, quantized: Quantized) -> Plan:
        """The plan with what was found to make a file with: settings, and what a bit of a weight is worth."""
        recipe = replace(self.recipe, quantize=replace(self.recipe.quantize, settings=quantized.settings))
        if recipe.cluster is not None and quantized.weights is not None:
            recipe = replace(recipe, cluster=replace(recipe.cluster, price=quantized.weights.price))
        return replace(self, recipe=recipe)

    def with_steps(self, steps: tuple[tuple[int, ...], ...]) -> Plan:
        """The plan with how long each training took, so that it can be done again alike."""
        assert self.recipe.train is not None
        return replace(self, recipe=replace(self.recipe, train=replace(self.recipe.train, steps=steps)))


def make_plan(options: RecipeOptions) -> Plan:
    """Options override the recipe, the recipe overrides the target's defaults.

    Raises:
        InputError: no target, an unknown one, a scheme or io that it does not run, or options that do not go together.
    """
    saved = _load(options.recipe)
    name = options.target or (saved.target if saved else None)
    if name is None:
        raise InputError("say which device it is for: --target NAME (edgecomp targets list shows them)")
    profile = load_target(name)
    defaults = _override(QuantizePass(), scheme=profile.model.default_scheme, io=profile.model.default_io)
    recipe = saved or Recipe(name, quantize=defaults)
    recipe = _override(recipe, target=name, preprocess=options.preprocess, seed=options.seed)
    for decided in (_with_quantization, _with_pruning, _with_low_rank, _with_weights, _with_training):
        recipe = decided(recipe, options)
    return _checked(Plan(profile, recipe))


def _with_quantization(recipe: Recipe, options: RecipeOptions) -> Recipe:
    """The recipe with what the options say of integers; its settings are looked for again where that decides them."""
    given = _given(options, QuantizationOptions)
    quantize = _override(recipe.quantize, **given)
    if given.keys() - {"samples"}:
        quantize = replace(quantize, settings=None)
    if options.scheme in ("float32", "float16", "dynamic") and options.io is None:
        quantize = replace(quantize, io="float")
    return replace(recipe, quantize=quantize)


def _with_pruning(recipe: Recipe, options: RecipeOptions) -> Recipe:
    """The recipe with what the options say of channels."""
    asked = recipe.prune if options.prune is None else parse_prune(options.prune)
    if options.importance is not None:
        if asked is None:
            raise InputError("an importance ranks channels to prune: say how much to prune, as in --prune 0.5")
        if options.importance not in IMPORTANCES:
            raise InputError(f"importance {options.importance!r} is not one of {', '.join(IMPORTANCES)}")
        asked = replace(asked, importance=options.importance)
    remove_dead = options.remove_dead
    if remove_dead is None and options.recipe is None and recipe.quantize.effort == "low":
        remove_dead = False  # looking for dead channels takes as long as all the rest that low effort leaves
    return _override(replace(recipe, prune=asked), remove_dead=remove_dead, remove_silent=options.remove_silent)


def _with_low_rank(recipe: Recipe, options: RecipeOptions) -> Recipe:
    """The recipe with what the options say of layers of low rank."""
    return recipe if options.low_rank is None else replace(recipe, low_rank=parse_low_rank(options.low_rank))


def _with_weights(recipe: Recipe, options: RecipeOptions) -> Recipe:
    """The recipe with what the options say of single weights."""
    sparsity = (options.sparsity, options.sparsity_by, options.sparsity_pattern)
    if any(one is not None for one in sparsity):
        recipe = replace(recipe, sparsify=parse_sparsity(*sparsity))
    if options.cluster is not None:
        recipe = replace(recipe, cluster=parse_cluster(options.cluster))
    elif recipe.cluster is not None and recipe.quantize.settings is None:
        recipe = replace(recipe, cluster=replace(recipe.cluster, price=None))
    if options.codebook is not None:
        recipe = replace(recipe, codebook=parse_codebook(options.codebook))
    return recipe


def _with_training(recipe: Recipe, options: RecipeOptions) -> Recipe:
    """The recipe with what the options say of training; how long that took is forgotten where they decide it."""
    given = {name: value for name, value in _given(options, TrainingOptions).items() if value is not False}
    if given.pop("train", None) is None:
        if given:
            option = "--" + sorted(given)[0].replace("_", "-")
            raise InputError(f"{option} is about training: give the samples to train on with --train")
        if recipe.train is not None:
            raise InputError("the recipe trains the model: give the samples to train on with --train")
        return recipe
    losing = any(one is not None for one in (recipe.prune, recipe.low_rank, recipe.sparsify))
    base = recipe.train or TrainPass(recover="distill" if losing else "none")
    train = replace(_override(base, **given), steps=None if given else base.steps)
    if train.recover == "none" and not train.qat:
        raise InputError(
            "--train has nothing to train for: prune channels (--prune 0.5) or weights (--sparsity 0.8), train with "
            "the rounding in place (--qat), or say --recover distill or labels"
        )
    prune = recipe.prune
    if prune is not None and prune.stages is not None and train.rounds != len(prune.stages):
        prune = replace(prune, stages=None)  # other rounds than those that the stages are of
    return replace(recipe, prune=prune, train=train)


def parse_prune(text: str | float) -> PrunePass:
    """`0.5` (of the multiply-accumulates), or `params=0.5`, `bytes=0.5`, `latency=0.5`.

    Raises:
        InputError: it is neither.
    """
    budget, equals, share = str(text).rpartition("=")
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not 0 < value < 1 or (equals and budget not in BUDGETS):
        raise InputError(
            f"cannot tell how much to prune from {text!r}: give a share between 0 and 1, as 0.5 or macs=0.5, "
            "params=0.5, bytes=0.5 or latency=0.5"
        )
    return PrunePass(value, budget or "macs")


def parse_low_rank(text: str | float) -> LowRankPass:
    """`0.3` (of the multiply-accumulates), `params=0.3`, `energy=0.9`, or `bayes`.

    Raises:
        InputError: it is none of these.
    """
    by, _, amount = str(text).rpartition("=")
    if amount == "bayes" and not by:
        return LowRankPass("bayes")
    try:
        value = float(amount)
    except ValueError:
        value = 0.0
    by = by or "macs"
    if not 0 < value < 1 or by not in LOW_RANKS or by == "bayes":
        raise InputError(
            f"cannot tell how low the ranks are to be from {text!r}: give the share of the multiply-accumulates to "
            "remove, as 0.3 or macs=0.3, params=0.3, the share of each layer's energy to keep, as energy=0.9, or bayes"
        )
    return LowRankPass(by, value)


def _load(recipe: str | Path | Recipe | None) -> Recipe | None:
    return recipe if recipe is None or isinstance(recipe, Recipe) else load_recipe(Path(recipe))


def _given(options: RecipeOptions, group: type) -> dict[str, Any]:
    """What was given of one group of the options."""
    values = {one.name: getattr(options, one.name) for one in fields(group)}
    return {name: value for name, value in values.items() if value is not None}


def _override(base: Decided, **options: Any) -> Decided:
    return replace(base, **{name: value for name, value in options.items() if value is not None})


def _checked(plan: Plan) -> Plan:
    rules, quantize, name = plan.target.model, plan.recipe.quantize, plan.target.name
    choices = (("scheme", quantize.scheme, SCHEMES), ("io", quantize.io, IOS), ("effort", quantize.effort, EFFORTS))
    for what, value, known in choices:
        if value not in known:
            raise InputError(f"{what} {value!r} is not one of {', '.join(known)}")
    if not plan.recipe.preprocess.startswith("auto"):
        parse_preprocess(plan.recipe.preprocess)
    if quantize.samples < 1:
        raise InputError(f"samples is {quantize.samples}, not a positive number")
    if not 0 <= quantize.float_budget <= 1000:
        raise InputError(f"the float budget is {quantize.float_budget:g}; give percent from 0 to 1000")
    if plan.recipe.seed < 0:
        raise InputError(f"the seed is {plan.recipe.seed}; give 0 or a positive number")
    if plan.recipe.train is not None:
        _check_training(plan.recipe.train, plan.recipe)
    _check_weights(plan.recipe)
    if quantize.scheme not in rules.schemes:
        raise InputError(f"{name} does not run {quantize.scheme}; it runs {', '.join(rules.schemes)}")
    if quantize.scheme in ("int8", "int16x8"):
        if quantize.io not in rules.io:
            raise InputError(f"{name} does not take {quantize.io} inputs and outputs; it takes {', '.join(rules.io)}")
    elif quantize.io != "float":
        raise InputError(f"the scheme {quantize.scheme} has float inputs and outputs: leave --io out, or say float")
    if quantize.scheme in rules.slow_schemes:
        warning = f"{quantize.scheme} has no fast kernels on {name}: expect it to be many times slower than int8."
        return replace(plan, warnings=(warning,))
    return plan


def _check_weights(recipe: Recipe) -> None:
    asked = {"--sparsity": recipe.sparsify, "--cluster": recipe.cluster, "--codebook": recipe.codebook}
    given = [name for name, one in asked.items() if one is not None]
    if given and recipe.quantize.scheme not in INTEGERS:
        raise InputError(
            f"{given[0]} chooses integers, and {recipe.quantize.scheme} weights are none: leave it out, or give "
            "--scheme int8 or dynamic"
        )
    if recipe.codebook is not None and recipe.cluster is not None:
        raise InputError("--codebook and --cluster both say which values weights have: leave one of them out")
    if recipe.codebook is not None and recipe.sparsify is not None:
        raise InputError("--codebook has entries for whole groups of weights, zeros or not: leave --sparsity out")
    if recipe.sparsify is not None and recipe.sparsify.by in TRAINED_CRITERIA and recipe.train is None:
        raise InputError(
            f"--sparsity-by {recipe.sparsify.by} looks at the gradients of training: give --train, or --sparsity-by "
            "energy"
        )


def _check_training(train: TrainPass, recipe: Recipe) -> None:
    if train.recover not in RECOVERS:
        raise InputError(f"recover {train.recover!r} is not one of {', '.join(RECOVERS)}")
    for name, value in (("epochs", train.epochs), ("rounds", train.rounds)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}, not a positive number")
    if train.time_budget is not None and not 0 < train.time_budget < math.inf:
        raise InputError(f"the time budget is {train.time_budget:g} seconds; give a positive number, as in 15m")
    if train.rounds > 1 and (recipe.prune is None or train.recover == "none"):
        raise InputError("--rounds prunes and trains in turn: it needs --prune and something to learn from (--recover)")
    if train.qat and recipe.codebook is not None:
        raise InputError(
            "--codebook chooses entries for a finished file, and --qat makes it anew: leave one of them out, or give "
            "--cluster, which is trained"
        )
    if train.qat and recipe.quantize.scheme != "int8":
        raise InputError(
            f"--qat trains for int8 files, and the scheme is {recipe.quantize.scheme}: leave one of them out"
        )
