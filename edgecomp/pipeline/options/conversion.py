"""The options of a conversion, by stage. None is what the recipe, and else the target or the pass, has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...quantize.schemes import DESCRIPTIONS
from ...quantize.settings import EFFORT_DESCRIPTIONS
from ..recipes.passes import RECOVER_DESCRIPTIONS, PrunePass, QuantizePass, TrainPass
from ..recipes.recipe import Recipe
from .declare import described, option
from .shared import OpeningOptions, ReadingOptions, ReleaseOptions

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
    importance: str | None = option(
        "How channels are ranked for --prune; taylor, variance and hessian are measured on --data. "
        f"[default: {PrunePass.importance}]"
    )
    remove_dead: bool | None = option("Whether channels that are constant for every input are removed, as by default.")
    remove_silent: bool | None = option(
        "Also remove channels that have one value only on --data. Other data might move them."
    )


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How the network learns what it has lost."""

    train: Any = option(
        "Samples to train on after pruning or for --qat, in the same forms as --data; labels help and are not needed. "
        "None of those that --eval measures by."
    )
    recover: str | None = option(
        f"What the pruned model learns from. {_choices(RECOVER_DESCRIPTIONS)}. [default: distill after --prune]"
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
class RecipeOptions(QuantizationOptions, PruningOptions, TrainingOptions, ReadingOptions):
    """What a recipe is made of: target, passes and seed."""

    target: str | None = option(
        "Device profile: a name (`edgecomp targets list`) or a YAML file of your own. A --recipe brings one along."
    )
    seed: int | None = option(f"Seed of everything random. [default: {Recipe.seed}]")
    recipe: str | Path | Recipe | None = option("Replay a recipe.yaml; options override it.")


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(RecipeOptions, OpeningOptions, ReleaseOptions):
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
    force: bool = option("Replace an output folder that is not empty.", default=False)
    stock: bool = option("Also run the stock converter, as a third column in the report.", default=False)
    console: Console | None = option("Where progress is shown; None shows none.")
