"""The main job: a trained model in, a measured and verified bundle for a named device out."""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ..bundle import Release
from ..data import parse_spec, read_labels
from ..errors import BudgetError, InputError
from ..export.normalization import move_normalization
from ..keys import SigningKey, open_key
from ..models import OpenedModel, from_keras, open_model
from ..progress import Steps
from ..report import render_html, write_report_json
from ..worker import Worker
from .float_file import FloatModel, export
from .log_file import log_file, native_output_to
from .measure import measure
from .output import check_free, publish_aside, staged, writing_to
from .packing import pack
from .quantizing.compress import Compressed, compress
from .recipes.plan import make_plan
from .recipes.recipe import Recipe
from .recipes.recipe_file import save_recipe
from .reporting.report_data import assemble
from .result import ConvertResult
from .samples import Samples, open_samples
from .shrinking.shrink import check_changeable, shrink
from .shrinking.trainer import Trainer, checkpoints
from .workbench import Workbench

WARM = ("edgecomp.export.native:warm_up", "litert_quantizer", "ai_edge_litert.interpreter", "edgecomp.evaluate.run")
"""What the worker imports while this process is still opening the model."""


def convert(
    model: Any,
    *,
    out: str | Path,
    data: Any = None,
    target: str | None = None,
    evaluation: Any = None,
    max_drop: float | None = None,
    scheme: str | None = None,
    io: str | None = None,
    preprocess: str | None = None,
    samples: int | None = None,
    effort: str | None = None,
    float_budget: float | None = None,
    prune: str | float | None = None,
    importance: str | None = None,
    remove_dead: bool | None = None,
    remove_silent: bool | None = None,
    train: Any = None,
    recover: str | None = None,
    epochs: int | None = None,
    time_budget: float | None = None,
    rounds: int | None = None,
    qat: bool | None = None,
    labels: str | Path | list[str] | None = None,
    seed: int | None = None,
    recipe: str | Path | Recipe | None = None,
    custom_objects: str | dict[str, Any] | None = None,
    allow_code: bool = False,
    input_shape: Any = None,
    stock: bool = False,
    sign: str | Path | SigningKey | None = None,
    version: int | None = None,
    force: bool = False,
    console: Console | None = None,
) -> ConvertResult:
    """Converts a trained model for a device: exports, calibrates, quantizes, verifies, measures, reports and packs.

    Args:
        model: path of a .keras, .h5, SavedModel or float .tflite, or a Keras model.
        out: folder for the results; must not hold anything, unless `force`.
        data: calibration samples; see `edgecomp.data.open_data` for the forms. Some of `train` by default.
        target: device profile, by name or by the path of a YAML file.
        evaluation: labelled samples the model has not seen; the accuracy in the report is measured on them.
        max_drop: accuracy budget in percentage points; needs `evaluation`.
        scheme: number format, "int8" by default.
        io: "int8" or "float" inputs and outputs; by default what the target wants.
        preprocess: how raw values become model input, "auto" by default.
        samples: calibration samples used at most, 200 by default.
        effort: "low", "normal" (the default) or "high": how much is tried to keep the accuracy.
        float_budget: percent of latency and of size that operators kept at float may cost, 10 by default; 0 keeps none.
        prune: share of the multiply-accumulates to remove by channel pruning, or "params=0.5", "bytes=0.5",
            "latency=0.5"; none by default.
        importance: how channels are ranked for that, "taylor" by default.
        remove_dead: whether channels that are constant for every input are removed, as by default.
        remove_silent: whether channels that have one value only on the calibration samples are removed too; not by
            default, since other data may move them.
        train: samples to train on, with or without labels: after pruning, or with the rounding of integers in place.
        recover: what the pruned model learns from: "distill" (the original's answers, and labels where there are any;
            the default after pruning), "labels", or "none".
        epochs: passes over `train` in each training; by default as many as `time_budget` allows.
        time_budget: seconds that all of the training may take.
        rounds: prune and train in so many rounds, 1 by default.
        qat: whether the file is trained with the rounding of its integers in place.
        labels: class names in the order of the outputs, or a text file of them; by default the data's.
        seed: of everything random, 0 by default.
        recipe: a saved recipe to replay; options given beside it override it.
        custom_objects: the model's own layers, by name, or the module that has them.
        allow_code: run code embedded in the model file.
        input_shape: sizes that the file leaves open.
        stock: also run the stock converter, for comparison in the report.
        sign: private key, or its file, to sign the bundle with; unsigned by default.
        version: release of the model, for the bundle; 0 by default.
        force: replace an output folder that is not empty.
        console: where to show progress; None shows none.

    Returns:
        paths, figures and recipe.

    Raises:
        InputError: something given cannot be used; says what and what to do.
        BudgetError: the accuracy budget is not met; the results lie in a folder beside `out`, which is not written.
    """
    out = Path(out)
    release = Release(version or 0, sign=open_key(Path(sign)) if isinstance(sign, (str, Path)) else sign)
    plan = make_plan(
        target=target,
        recipe=recipe,
        scheme=scheme,
        io=io,
        preprocess=preprocess,
        samples=samples,
        effort=effort,
        float_budget=float_budget,
        seed=seed,
        prune=prune,
        importance=importance,
        remove_dead=remove_dead,
        remove_silent=remove_silent,
        train=train is not None,
        recover=recover,
        epochs=epochs,
        time_budget=time_budget,
        rounds=rounds,
        qat=qat,
    )
    _check_budget(max_drop, evaluation)
    if data is None and train is None:
        raise InputError("no samples to calibrate with: give some that look like what the device will see (--data)")
    for given in (data, evaluation, train):
        if isinstance(given, (str, Path)):
            parse_spec(str(given))  # opening the model takes seconds; a mistyped path is told before that
    names = read_labels(labels) if isinstance(labels, (str, Path)) else labels
    check_free(out, force=force)
    with log_file() as log, Worker(log=log, warm=WARM) as worker, staged(out, force=force) as stage:
        with native_output_to(log, console), Steps(console) as steps:
            bench = Workbench(worker, steps, threads=min(plan.target.runtime.threads, os.cpu_count() or 1))
            with steps.step("open", "opening the model") as step:
                opened = _open(model, custom_objects, allow_code, input_shape)
                step.detail = f"{opened.format}, {len(opened.inputs)} in, {len(opened.outputs)} out"
            samples_given = open_samples(plan, opened, data, evaluation, train, names)
            _check_countable(max_drop, samples_given)
            check_changeable(opened, plan.recipe)
            float_model = export(move_normalization(opened), plan, samples_given, bench)
            plan = replace(plan, recipe=replace(plan.recipe, preprocess=str(float_model.preprocess.preprocess)))
            trainer = Trainer(float_model, plan, bench, checkpoints(out)) if plan.recipe.train else None
            shrunk = shrink(float_model, plan, bench, trainer)
            compressed = compress(shrunk.model, plan, bench, original=float_model, trainer=trainer, stock=stock)
            plan = plan.with_settings(compressed.quantized.settings)
            if trainer is not None:
                plan = plan.with_steps(trainer.steps)
            measured = measure(float_model, compressed, bench, effort=plan.recipe.quantize.effort)
            bundle = pack(_name(model, opened), plan, float_model, compressed, measured, bench, release)
            report = assemble(plan, float_model, shrunk, compressed, measured, bundle, steps.taken, max_drop)
        with writing_to(out):
            _write(stage, plan.recipe, float_model, compressed, bundle, report, log)
        if trainer is not None:
            trainer.close()
        if report["budget"] and not report["budget"]["met"]:
            aside = publish_aside(stage, out)
            raise BudgetError(
                f"the accuracy budget cannot be met: {report['drop_points']:.2f} points lost where {max_drop:g} are "
                f"allowed. Nothing was written to {out}; the best that was found lies in {aside}. Try --scheme float16 "
                "or dynamic, more calibration samples, or a larger budget"
            )
    return ConvertResult(
        folder=out,
        model=out / "model.tflite",
        float_model=out / "model.float32.tflite",
        bundle=out / "bundle.zip",
        report=report,
        recipe=plan.recipe,
    )


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


def _open(model: Any, custom_objects: Any, allow_code: bool, input_shape: Any) -> OpenedModel:
    if isinstance(model, (str, Path)):
        return open_model(model, custom_objects=custom_objects, allow_code=allow_code, input_shape=input_shape)
    return from_keras(model, input_shape=input_shape)


def _name(model: Any, opened: OpenedModel) -> str:
    if opened.path is not None:
        return opened.path.stem or opened.path.name
    return str(getattr(model, "name", "model"))


def _write(
    stage: Path,
    recipe: Recipe,
    float_model: FloatModel,
    compressed: Compressed,
    bundle: bytes,
    report: dict[str, Any],
    log: Path,
) -> None:
    (stage / "model.tflite").write_bytes(compressed.file)
    (stage / "model.float32.tflite").write_bytes(float_model.file)
    (stage / "bundle.zip").write_bytes(bundle)
    save_recipe(recipe, stage / "recipe.yaml")
    write_report_json(report, stage / "report.json")
    (stage / "report.html").write_text(render_html(report), encoding="utf-8")
    shutil.copyfile(log, stage / "log.txt")
