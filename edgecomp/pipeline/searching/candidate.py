"""A recipe carried out: a file, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from ...latency.predict import can_predict, predict
from ...planner.limits import Figures
from ...targets import Target
from ...tflite import peak_activation_bytes, read_tflite, total_macs, weight_bytes
from ..float_file import FloatModel
from ..quantizing.compress import Compressed, compress
from ..recipes.plan import Plan
from ..recipes.recipe import Recipe
from ..shrinking.rounds import most_share
from ..shrinking.shrink import Shrunk, shrink
from ..shrinking.trainer import Trainer
from ..workbench import Workbench
from .jury import Judged, Jury


@dataclass(frozen=True)
class Outcome:
    """What is known of a candidate.

    Args:
        recipe: with the settings that were found and the steps that were trained.
        figures: what the file costs.
        judged: what it loses, with its interval.
        seconds: that carrying it out took, of which some may have been training.
    """

    recipe: Recipe
    figures: Figures
    judged: Judged
    seconds: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """A recipe carried out.

    Args:
        outcome: what is known of it.
        plan: its recipe with the target.
        shrunk: the float model behind it.
        compressed: the file.
        trainer: whose checkpoints go with it; None where nothing was trained.
    """

    outcome: Outcome
    plan: Plan
    shrunk: Shrunk
    compressed: Compressed
    trainer: Trainer | None

    @property
    def figures(self) -> Figures:
        """What the file costs."""
        return self.outcome.figures


class Kitchen:
    """Carries recipes out, all on the same model and samples.

    Args:
        original: the float model.
        plan: whose target and preprocessing they share.
        bench: where the work is done.
        jury: judges the files.
        trainer: trains, for recipes that ask for it; None where there are no samples to train on.
    """

    def __init__(
        self, original: FloatModel, plan: Plan, bench: Workbench, jury: Jury, trainer: Trainer | None = None
    ) -> None:
        self.original, self.plan, self.jury = original, plan, jury
        self._bench, self._trainer = bench, trainer

    def carry_out(self, recipe: Recipe, after: Candidate | None = None) -> Candidate:
        """Prunes, trains, quantizes and judges.

        Args:
            recipe: of the plan's target.
            after: of a recipe that this one begins with, whose rounds are not done again; None to begin anew.

        Raises:
            InputError: there is not so much to prune, or the samples cannot be trained on.
        """
        began = time.monotonic()
        plan = replace(self.plan, recipe=recipe)
        trainer = None
        if recipe.train is not None:
            assert self._trainer is not None
            trainer = self._trainer.for_plan(plan, after=None if after is None else after.trainer)
        shrunk = shrink(self.original, plan, self._bench, trainer, after=None if after is None else after.shrunk)
        compressed = compress(shrunk.model, plan, self._bench, original=self.original, trainer=trainer)
        plan = plan.with_found(compressed.quantized)
        if trainer is not None:
            plan = plan.with_steps(trainer.steps)
        judged = self.judge(compressed.file)
        figures = figures_of(compressed.file, judged.points, plan.target)
        outcome = Outcome(plan.recipe, figures, judged, time.monotonic() - began)
        return Candidate(outcome, plan, shrunk, compressed, trainer)

    def most_share(self, recipe: Recipe) -> float:
        """The largest share of a recipe's pruning budget that can go; 0 where nothing can."""
        model = self.original.model.keras_model
        if model is None or recipe.prune is None:
            return 0.0
        with self._bench.steps.step("limits", "looking how much can be pruned") as step:
            most = most_share(model, replace(self.plan, recipe=recipe))
            step.detail = f"{most:.0%}"
        return most

    def judge(self, file: bytes) -> Judged:
        """What a file loses on the samples that candidates are chosen by."""
        with self._bench.steps.step("judge", f"running the file on {self.jury.n} samples") as step:
            judged = self.jury.judge(file)
            step.detail = f"{judged.points:.2f} points lost"
        return judged


def figures_of(file: bytes, loss_points: float, target: Target) -> Figures:
    """What a file costs on a device, as far as that can be told without it."""
    model = read_tflite(file)
    if can_predict(target):
        predicted = predict(model, target)
        return Figures(loss_points, predicted.latency_ms, len(file), predicted.peak_memory_bytes)
    return Figures(loss_points, float(total_macs(model)), len(file), weight_bytes(model) + peak_activation_bytes(model))


def latency_unit(target: Target) -> str:
    """What `Figures.latency` counts: "ms", or "macs" where the profile predicts no time."""
    return "ms" if can_predict(target) else "macs"
