"""The main job: a trained model in, a measured and verified bundle for a named device out."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bundle import Release
from ..bundle.runtime_wheel import runtime_wheel
from ..errors import BudgetError, InputError
from ..export.normalization import move_normalization
from ..keys import open_key
from ..models import OpenedModel
from ..progress import Steps
from ..report import render_html, render_markdown, write_report_json
from ..worker import Worker
from .float_file import export
from .log_file import log_file, native_output_to
from .measure import measure
from .opening import open_with
from .options.conversion import ConvertOptions
from .options.keywords import keywords_of
from .options.shared import ReleaseOptions
from .output import check_free, publish_aside, staged, writing_to
from .packing import pack
from .quantizing.compress import compress
from .recipes.plan import Plan, make_plan
from .recipes.recipe import Recipe
from .recipes.recipe_file import save_recipe
from .reporting.report_data import assemble
from .result import ConvertResult
from .robustness_plan import check_possible
from .samples import Samples, check_specs, class_names, open_samples
from .searching.asked import for_search, wanted_of
from .searching.find import Found, find, lost_words, unmet_words
from .searching.table import Wanted
from .shrinking.shrink import check_changeable, shrink
from .shrinking.trainer import Trainer, checkpoints
from .workbench import Workbench

WARM = (
    *("edgecomp.export.native:warm_up", "litert_quantizer", "ai_edge_litert.interpreter"),
    *("edgecomp.evaluate.run", "edgecomp.evaluate.assess"),
)
"""What the worker imports while this process is still opening the model."""


@keywords_of(ConvertOptions)
def convert(model: Any, options: ConvertOptions) -> ConvertResult:
    """Converts a trained model for a device: exports, calibrates, quantizes, verifies, measures, reports and packs.

    Args:
        model: path of a .keras, .h5, SavedModel or float .tflite, or a Keras model.
        options: see `ConvertOptions`; each of them is a keyword argument.

    Returns:
        paths, figures and recipe.

    Raises:
        TypeError: an option that there is none of; names the nearest.
        InputError: something given cannot be used; says what and what to do.
        BudgetError: the accuracy budget is not met; the results lie in a folder beside `out`, which is not written.
    """
    out = Path(options.out)
    job = _planned(model, options)
    check_free(out, force=options.force)
    with log_file() as log, Worker(log=log, warm=WARM) as worker, staged(out, force=options.force) as stage:
        with native_output_to(log, options.console), Steps(options.console) as steps:
            bench = Workbench(worker, steps, threads=min(job.plan.target.runtime.threads, os.cpu_count() or 1))
            made = _run(job, bench)
        with writing_to(out):
            _write(made, stage, log)
        if made.trainer is not None:
            made.trainer.close()
        _check_met(made, stage, out)
    return ConvertResult(
        folder=out,
        model=out / "model.tflite",
        float_model=out / "model.float32.tflite",
        bundle=out / "bundle.zip",
        report=made.report,
        recipe=made.recipe,
    )


@dataclass(frozen=True, eq=False)
class _Job:
    """What is going to be done, as far as that can be told before the model is opened.

    Args:
        model: path or Keras model.
        options: as they were given.
        plan: what they come to for the target.
        release: what the bundle will say of itself.
        labels: class names, where any were given.
        wanted: what is looked for; None where the recipe is given.
    """

    model: Any
    options: ConvertOptions
    plan: Plan
    release: Release
    labels: Sequence[str] | None
    wanted: Wanted | None = None


@dataclass(frozen=True, eq=False)
class _Made:
    """What a conversion leaves.

    Args:
        recipe: what was done.
        float_file: the reference, a .tflite.
        file: the .tflite for the target.
        bundle: the zip for the device.
        report: report.json as data.
        trainer: whose checkpoints go once all else is written; None where nothing was trained.
        found: what a search ended with; None where there was none.
    """

    recipe: Recipe
    float_file: bytes
    file: bytes
    bundle: bytes
    report: dict[str, Any]
    trainer: Trainer | None
    found: Found | None = None


def _planned(model: Any, options: ConvertOptions) -> _Job:
    """Refuses what can be refused before the model is opened, which takes seconds."""
    release = _release(options)
    wanted = wanted_of(options)
    plan = make_plan(options if wanted is None else for_search(options))
    _check_budget(options.max_drop, options.evaluation)
    if options.data is None and options.train is None:
        raise InputError("no samples to calibrate with: give some that look like what the device will see (--data)")
    check_specs(options.data, options.evaluation, options.train)
    return _Job(model, options, plan, release, class_names(options.labels), wanted)


def _run(job: _Job, bench: Workbench) -> _Made:
    """The stages, one after the other."""
    options, plan = job.options, job.plan
    opened = _opened(job, bench)
    samples = open_samples(plan, opened, options.data, options.evaluation, options.train, job.labels)
    _check_countable(options.max_drop, samples)
    check_possible(options.robustness, opened.keras_model, class_labels=samples.class_labels)
    check_changeable(opened, plan.recipe)
    original = export(move_normalization(opened), plan, samples, bench)
    plan = plan.with_preprocess(str(original.preprocess.preprocess))
    trainer = Trainer(original, plan, bench, checkpoints(Path(options.out))) if plan.recipe.train else None
    found = None
    if job.wanted is None:
        shrunk = shrink(original, plan, bench, trainer)
        compressed = compress(shrunk.model, plan, bench, original=original, trainer=trainer, stock=options.stock)
        plan = plan.with_found(compressed.quantized)
        if trainer is not None:
            plan = plan.with_steps(trainer.steps)
    else:
        found = find(original, plan, job.wanted, trainer, bench)
        original, best = found.original, found.candidate
        shrunk, compressed, plan = best.shrunk, best.compressed, best.plan
    measured = measure(
        original,
        compressed,
        bench,
        effort=plan.recipe.quantize.effort,
        max_drop=options.max_drop,
        robustness=options.robustness,
        hide_samples=options.hide_samples,
    )
    name, hidden = _name(job.model, opened), options.hide_samples
    bundle = pack(name, plan, original, compressed, measured, bench, job.release, hide_samples=hidden)
    report = assemble(plan, original, shrunk, compressed, measured, bundle, bench.steps.taken, options.max_drop)
    report["search"] = None if found is None else found.data
    return _Made(plan.recipe, original.file, compressed.file, bundle, report, trainer, found)


def _opened(job: _Job, bench: Workbench) -> OpenedModel:
    with bench.steps.step("open", "opening the model") as step:
        opened = open_with(job.model, job.options)
        step.detail = f"{opened.format}, {len(opened.inputs)} in, {len(opened.outputs)} out"
    return opened


def _release(options: ReleaseOptions) -> Release:
    key = open_key(Path(options.sign)) if isinstance(options.sign, (str, Path)) else options.sign
    return Release(options.version or 0, sign=key)


def _check_budget(max_drop: float | None, evaluation: Any) -> None:
    if max_drop is None:
        return
    if not (math.isfinite(max_drop) and max_drop >= 0):
        raise InputError(f"--max-drop {max_drop:g}: give the points of accuracy that may be lost, 0 or more")
    if evaluation is None:
        raise InputError("--max-drop needs labelled samples to measure the drop on: give them with --eval")


def _check_countable(max_drop: float | None, given: Samples) -> None:
    if max_drop is not None and not given.class_labels:
        raise InputError("--max-drop counts points of accuracy, and the labels given are not classes; leave it out")


def _check_met(made: _Made, stage: Path, out: Path) -> None:
    """Puts the results aside where they cost more than is allowed.

    Raises:
        BudgetError: they do.
    """
    report, budget = made.report, made.report["budget"]
    kept_aside = "Nothing was written to {}; the best that was found lies in {}"
    if made.found is not None and not made.found.choice.met:
        aside = publish_aside(stage, out)
        raise BudgetError(f"{unmet_words(made.found)}. {kept_aside.format(out, aside)}")
    if not budget or budget["met"]:
        return
    aside = publish_aside(stage, out)
    if made.found is not None:
        raise BudgetError(f"{lost_words(made.found, report)}. {kept_aside.format(out, aside)}")
    raise BudgetError(
        f"the accuracy budget cannot be met: {report['drop_points']:.2f} points lost where "
        f"{budget['max_drop_points']:g} are allowed. {kept_aside.format(out, aside)}. "
        f"Try {_gentler(made.recipe)}, or a larger budget"
    )


def _gentler(recipe: Recipe) -> str:
    """What would lose less: first what was asked for besides the number format."""
    options: dict[str, Any] = {"--prune": recipe.prune, "--low-rank": recipe.low_rank, "--sparsity": recipe.sparsify}
    options |= {"--cluster": recipe.cluster, "--codebook": recipe.codebook}
    asked = [name for name, pass_ in options.items() if pass_ is not None]
    if asked:
        return f"less of {' and '.join(asked)}, or none"
    return "--scheme float16 or dynamic, more calibration samples"


def _name(model: Any, opened: OpenedModel) -> str:
    if opened.path is not None:
        return opened.path.stem or opened.path.name
    return str(getattr(model, "name", "model"))


def _write(made: _Made, stage: Path, log: Path) -> None:
    (stage / "model.tflite").write_bytes(made.file)
    (stage / "model.float32.tflite").write_bytes(made.float_file)
    (stage / "bundle.zip").write_bytes(made.bundle)
    wheel, content = runtime_wheel()
    (stage / wheel).write_bytes(content)
    save_recipe(made.recipe, stage / "recipe.yaml")
    write_report_json(made.report, stage / "report.json")
    (stage / "report.html").write_text(render_html(made.report), encoding="utf-8")
    (stage / "report.md").write_text(render_markdown(made.report), encoding="utf-8")
    shutil.copyfile(log, stage / "log.txt")
