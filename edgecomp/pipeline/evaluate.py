"""What one file is worth on somebody's samples, alone or beside another: accuracy, agreement, robustness, mistakes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from edgecomp_runtime.contract import Contract
from rich.console import Console

from ..data import Dataset, check_evaluation, open_data, prepared, read_labels
from ..errors import InputError
from ..evaluate.cost.scenarios import Scenario
from ..evaluate.robustness.curves import robustness_words
from ..evaluate.robustness.drift import INFERENCES, drift_words
from ..evaluate.tasks.choosing import check_task
from ..progress import Steps
from ..worker import Worker
from .evaluating.contracts import check_any, input_contract, output_contract
from .evaluating.costing import timed_cost
from .evaluating.diagnosis import diagnose_layers, diagnose_overlap
from .evaluating.judging import MAP_SECONDS, Judged, judge
from .evaluating.results import against_data, file_data
from .evaluating.robustness import SAMPLES, chosen_names, measure_curves
from .evaluating.runnable import Runnable, runnable
from .evaluating.setting import Setting
from .float_file import layer_names
from .log_file import log_file, native_output_to
from .options.shared import OpeningOptions
from .workbench import Workbench

WARM = ("edgecomp.evaluate.assess",)

DRIFT_INPUTS = 16

OURS, OTHER = "file", "against"


@dataclass(frozen=True)
class Extras:
    """What takes time and is measured only when asked for.

    Args:
        robustness: corruptions and attacks, as `--robustness` takes them; None for none.
        robustness_samples: that curves are measured on.
        stream: inferences to run the file for, to see whether it stays the same; 0 for none.
        seen: what the model was trained or calibrated on, to look for in the samples; None not to.
        map_seconds: that covering parts of inputs may take, to see what both files look at; 0 for none.
        scenario: what to weigh the figures for, which takes timing both files; None not to.
    """

    robustness: str | None = None
    robustness_samples: int = SAMPLES
    stream: int = 0
    seen: Any = None
    map_seconds: float = MAP_SECONDS
    scenario: Scenario | None = None


def evaluate_files(
    file: str | Path,
    *,
    data: Any,
    against: str | Path | None = None,
    metric: str | None = None,
    max_drop: float | None = None,
    preprocess: str | None = None,
    labels: str | Path | Sequence[str] | None = None,
    limit: int | None = None,
    extras: Extras | None = None,
    hide_samples: bool = False,
    custom_objects: str | dict[str, Any] | None = None,
    allow_code: bool = False,
    input_shape: Any = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Runs a file on samples in the interpreter, and another one beside it where asked.

    Args:
        file: a .tflite, a bundle, or a Keras model (which is exported to a float .tflite first).
        data: the samples; labelled ones for accuracy.
        against: the model to compare the answers with, in any of those forms.
        metric: the task by name (`evaluate.tasks.choosing.TASKS`), or `package.module:callable`; None to tell it by
            shapes and labels.
        max_drop: percentage points of top-1 that may be lost against the other model; None for no budget.
        preprocess: how raw values become input; a bundle brings its own, and so does a .tflite beside its bundle.
        labels: class names in the order of the outputs, or a text file of them.
        limit: samples used at most.
        extras: what else to measure.
        hide_samples: whether no photo and no value of a sample may be in what is returned.
        custom_objects: see `open_model`.
        allow_code: see `open_model`.
        input_shape: see `open_model`.
        console: where to show progress.

    Returns:
        JSON-ready: file, metric, n, agreement, sqnr_db, against, preprocess, warnings, and more: docs/evaluating.md.

    Raises:
        InputError: something given cannot be used.
    """
    task, extras = (None if metric is None else check_task(metric)), extras or Extras()
    corruptions = chosen_names(extras.robustness or "")
    names = read_labels(labels) if isinstance(labels, (str, Path)) else labels
    opening = OpeningOptions(custom_objects=custom_objects, allow_code=allow_code, input_shape=input_shape)
    with (
        log_file() as log,
        Worker(log=log, warm=WARM) as worker,
        native_output_to(log, console),
        Steps(console) as steps,
    ):
        bench = Workbench(worker, steps, threads=os.cpu_count() or 1)
        models = [runnable(Path(path), bench, opening) for path in (file, against) if path is not None]
        dataset = open_data(data, inputs=models[0].inputs, limit=limit, labels=names)
        contract, resolved = input_contract(models, preprocess, dataset)
        setting = _setting(models, dataset, contract, names, task, bench, hide_samples=hide_samples)
        warnings = [*dataset.warnings, *resolved.warnings, *_doubts(setting, models[0])]
        judged = judge(setting, bench, max_drop=max_drop, map_seconds=extras.map_seconds)
        judged = judged.with_diagnosis(_mistakes(setting, judged, models, dataset, extras.seen, bench))
        more = _more(setting, judged, corruptions, extras, bench)
    return {
        **_answers(models, setting.task, judged),
        **more,
        "diagnosis": judged.data["diagnosis"],
        "preprocess": {"name": str(resolved.preprocess), "reason": resolved.reason},
        "warnings": list(dict.fromkeys(warnings)),
    }


def _setting(
    models: Sequence[Runnable],
    dataset: Dataset,
    contract: Contract,
    names: Sequence[str] | None,
    task: str | None,
    bench: Workbench,
    *,
    hide_samples: bool,
) -> Setting:
    """What is held against what, once it is known what the outputs mean."""
    contract, task = output_contract(
        contract, models[-1], dataset, labels=names or dataset.class_names, task=task, bench=bench
    )
    samples = prepared(dataset, contract)
    check_any(samples)
    # The reference goes first. Not by their names: a file may be held against itself.
    files = {name: one.file for name, one in zip((OURS, OTHER), models, strict=False)}
    reference_first = dict(reversed(files.items()))
    return Setting(reference_first, OURS, contract, task, samples, _keras(models), hide_samples=hide_samples)


def _doubts(setting: Setting, model: Runnable) -> list[str]:
    """What looks wrong with samples that are evaluated on, in words."""
    if setting.task not in ("classification", "keyword", "regression", "multilabel"):
        return []
    return check_evaluation(setting.samples, setting.contract, model.inputs)


def _answers(models: Sequence[Runnable], task: str | None, judged: Judged) -> dict[str, Any]:
    """What the files answer, and how far that is apart."""
    ours, other = judged.found[OURS], judged.found.get(OTHER)
    return {
        **file_data(models[0].name, task, ours),
        "agreement": ours.agreement if other else None,
        "sqnr_db": ours.sqnr_db if other else None,
        "against": against_data(models[-1].name, other) if other else None,
        **{name: judged.data[name] for name in ("comparison", "changes", "attention", "samples_hidden")},
    }


def _mistakes(
    setting: Setting, judged: Judged, models: Sequence[Runnable], dataset: Dataset, seen: Any, bench: Workbench
) -> list[str]:
    """In words, what judging alone does not look for: a layer that ruins the answers, and samples seen before."""
    said = []
    if OTHER in judged.found:
        ours, layers = judged.found[OURS], _layers(models[-1])
        said += diagnose_layers(models[-1].file, models[0].file, ours, setting.samples, layers, bench)
    if seen is not None:
        said += diagnose_overlap(seen, dataset, setting.contract, models[0].inputs, bench)
    return said


def _more(
    setting: Setting, judged: Judged, corruptions: tuple[str, ...], extras: Extras, bench: Workbench
) -> dict[str, Any]:
    """What was asked for beside accuracy."""
    more: dict[str, Any] = {}
    if corruptions:
        curves = measure_curves(setting, corruptions, most=extras.robustness_samples, bench=bench)
        more["robustness"] = {"curves": [one.to_dict() for one in curves], "words": robustness_words(curves)}
    if extras.stream:
        few = [sample.feeds for sample in islice(setting.samples, DRIFT_INPUTS)]
        if extras.stream < 2 * len(few):
            raise InputError(f"--stream {extras.stream} is too short to see anything; the usual is {INFERENCES}")
        with bench.steps.step("stream", f"{extras.stream} inferences"):
            found = bench.worker.call(
                "edgecomp.evaluate.robustness.drift:drift",
                setting.files[setting.ours],
                setting.contract,
                threads=bench.threads,
                samples=few,
                inferences=extras.stream,
            )
        more["stream"] = {**found.to_dict(), "words": drift_words(found)}
    if extras.scenario is not None and OTHER in judged.found:
        more["cost"] = timed_cost(setting, judged.found[OURS], extras.scenario, bench)
    return more


def _keras(models: Sequence[Runnable]) -> Any:
    """The Keras model whose inputs are those of the files; that of the reference before our own."""
    opened = (model.opened for model in reversed(models))
    return next(
        (one.model.keras_model for one in opened if one is not None and one.model.keras_model is not None), None
    )


def _layers(model: Runnable) -> tuple[str, ...]:
    return () if model.opened is None else layer_names(model.opened.model)
