"""The options of a conversion, by stage. None is what the recipe, and else the target or the pass, has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...planner.limits import GOAL_DESCRIPTIONS
from ...quantize.schemes import DESCRIPTIONS
from ...quantize.settings import EFFORT_DESCRIPTIONS
from ..recipes.passes import RECOVER_DESCRIPTIONS, PrunePass, QuantizePass, TrainPass
from ..recipes.recipe import Recipe
from ..recipes.weight_passes import CRITERION_DESCRIPTIONS
from .declare import described, option
from .shared import OpeningOptions, PrivacyOptions, ReadingOptions, ReleaseOptions

if TYPE_CHECKING:
    from rich.console import Console


def _choices(descriptions: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {description}" for name, description in descriptions.items())


@dataclass(frozen=True, kw_only=True)
class QuantizationOptions:
    """How the file becomes a smaller one."""

    scheme: str | None = option(f"Number format; by default what the target wants. {_choices(DESCRIPTIONS)}.")
    io: str | None = option("Inputs and outputs; by default what the target wants.", in_python="'int8' or 'float'.")
    samples: int | None = option(f"Calibration samples used at most. [default: {QuantizePass.samples}]")
    effort: str | None = option(
        f"How much is tried to keep the accuracy of integers. {_choices(EFFORT_DESCRIPTIONS)}. "
        f"[default: {QuantizePass.effort}]"
    )
    float_budget: float | None = option(
        "Latency and size that operators may cost which stay float where integers lose too much; 0 keeps none. "
        f"[default: {QuantizePass.float_budget:g}]",
        in_python="Percent.",
    )


@dataclass(frozen=True, kw_only=True)
class PruningOptions:
    """What is taken out of the network."""

    prune: str | float | None = option(
        "Share of the multiply-accumulates to remove by taking out channels: 0.5, or params=0.5, bytes=0.5, "
        "latency=0.5. Accuracy that is lost has to be trained back."
    )
    low_rank: str | float | None = option(
        "Share of the multiply-accumulates to remove by writing layers as several smaller ones: 0.3, or params=0.3; "
        "energy=0.9 keeps so much of what each layer gives, bayes what stands out from noise in its weights. Comes "
        "after --prune."
    )
    importance: str | None = option(
        "How channels are ranked for --prune; taylor, variance and hessian are measured on --data. "
        f"[default: {PrunePass.importance}]"
    )
    remove_dead: bool | None = option("Whether channels that are constant for every input are removed, as by default.")
    remove_silent: bool | None = option(
        "Also remove channels that have one value only on --data. Other data might move them."
    )


@dataclass(frozen=True, kw_only=True)
class WeightOptions:
    """How few bits the weights take."""

    sparsity: str | float | None = option(
        "Share of the weights that become zero: 0.8 of all, layer=0.8 in each layer, or below=0.01 by magnitude. The "
        "file is smaller to send, and with integers not faster."
    )
    sparsity_by: str | None = option(
        f"Which weights become zero. {_choices(CRITERION_DESCRIPTIONS)}. [default: energy]"
    )
    sparsity_pattern: str | None = option(
        "Which weights become zero together: any; 2:4 keeps 2 of every 4; 4x1 makes blocks of 4 outputs and 1 input "
        "zero. [default: any]"
    )
    cluster: str | float | None = option(
        "Values that the weights of a layer share: 16; or the bits that an entropy coder takes for a weight, bits=3; "
        "or auto, as few as the answers on held-out calibration samples allow."
    )
    codebook: str | None = option(
        "Neighbouring weights share the entries of a codebook: 4x256 for 256 entries of 4 weights, 2x64 for 64 of 2. "
        "Instead of --cluster."
    )


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How the network learns what it has lost."""

    train: Any = option(
        "Samples to train on after pruning or for --qat, in the same forms as --data; labels help and are not needed. "
        "None of those that --eval measures by."
    )
    recover: str | None = option(
        f"What the pruned model learns from. {_choices(RECOVER_DESCRIPTIONS)}. [default: distill after "
        "--prune, --low-rank or --sparsity]"
    )
    time_budget: float | None = option(
        "Time that all of the training may take: 90s, 15m, 1h30m.", in_python="Here in seconds."
    )
    epochs: int | None = option("Passes over the samples in each training, instead of a time.")
    rounds: int | None = option(f"Prune and train in so many rounds. [default: {TrainPass.rounds}]")
    qat: bool | None = option(
        "Train once more with the rounding of the integers in place, where quantization alone loses too much."
    )


@dataclass(frozen=True, kw_only=True)
class RecipeOptions(QuantizationOptions, PruningOptions, WeightOptions, TrainingOptions, ReadingOptions):
    """What a recipe is made of: target, passes and seed."""

    target: str | None = option(
        "Device profile: a name (`edgecomp targets list`) or a YAML file of your own. A --recipe brings one along."
    )
    seed: int | None = option(f"Seed of everything random. [default: {Recipe.seed}]")
    recipe: str | Path | Recipe | None = option("Replay a recipe.yaml; options override it.")


@dataclass(frozen=True, kw_only=True)
class GoalOptions:
    """What is looked for, where nothing says what shall be done."""

    goal: str | None = option(
        f"Look for the recipe within the limits that gives: {_choices(GOAL_DESCRIPTIONS)}. With --train and "
        "--max-drop, and nothing that says what to do, latency is looked for by itself."
    )
    max_latency: float | None = option("Milliseconds that the target may be predicted to take.")
    max_size: str | int | None = option("Bytes that the .tflite may have: 200k, 1.5M.")


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(RecipeOptions, GoalOptions, OpeningOptions, PrivacyOptions, ReleaseOptions):
    """All that `edgecomp convert` can be told."""

    out: str | Path = field(
        metadata=described("Folder for the results; it appears only when everything has succeeded.")
    )
    data: Any = option(
        "Calibration samples: a folder of photos, .npz, .npy, .csv or package.module:function. They need no labels, "
        "and should look like what the device will see.",
        in_python="Or an array, (x, y), a mapping of arrays, or a function; see `edgecomp.data.open_data`. "
        "By default some of --train.",
    )
    evaluation: Any = option(
        "Labelled samples, in the same forms, that accuracy is measured on; none that the model was trained on.",
        flag="--eval",
    )
    max_drop: float | None = option("Accuracy that may be lost, in percentage points; needs --eval.")
    robustness: str | None = option(
        "Make the samples of --eval worse and see what is left of both models: noise, blur, jpeg, brightness, "
        "darkness, contrast, shift, rotation, with commas between them, all, or none; fgsm and pgd attack the float "
        "model. [default: noise, blur, brightness and contrast where that takes seconds]"
    )
    force: bool = option("Replace an output folder that is not empty.", default=False)
    stock: bool = option("Also run the stock converter, as a third column in the report.", default=False)
    console: Console | None = option("Where progress is shown; None shows none.")
