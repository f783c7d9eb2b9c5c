"""What the files are worth: accuracy, agreement, robustness, error by layer, latency."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..data import PreparedSet
from ..errors import InputError
from ..evaluate.assess import Assessment
from ..evaluate.layers import LayerError
from ..evaluate.robustness.curves import robustness_words
from .evaluating.contracts import task_of
from .evaluating.diagnosis import find_near_duplicates, layer_diagnosis
from .evaluating.judging import Judged, judge
from .evaluating.robustness import measure_curves
from .evaluating.setting import Setting
from .float_file import FloatModel, layer_names
from .quantizing.compress import Compressed
from .robustness_plan import plan_robustness
from .workbench import Workbench

LAYER_SAMPLES = 8

UNLABELLED_SAMPLES = 50
"""Calibration samples that agreement is measured on where there is no evaluation set; more would say little more."""

LOW_EFFORT_SHARE = 1 / 4
"""Of these, at low effort."""

MAP_SECONDS = 2.0
"""That maps of what the answers hang on may take; there are none at low effort, nor without an evaluation set."""

MOST_COMPARED = 3000
"""Evaluation samples that copies of calibration samples are looked for among; with more, only exact ones are found."""

ALIKE_SHARE = 0.02
"""Of the evaluation photos, from which those that are nearly calibration photos are spoken of."""


@dataclass(frozen=True)
class Measurements:
    """Figures of each file, by its name in the report: "float", "stock" (where there is one), "compressed".

    Args:
        evaluations: accuracy and fidelity.
        evaluation: all that was found of the answers, as report.json has it.
        benches: what the device package's benchmark says, here.
        gzip_bytes: size after gzip.
        layer_errors: what quantization does to each tensor, by its name.
        judged_on: "evaluation" or "calibration", the set the fidelity was measured on.
    """

    evaluations: dict[str, Assessment]
    evaluation: dict[str, Any]
    benches: dict[str, dict[str, Any]]
    gzip_bytes: dict[str, int]
    layer_errors: dict[str, LayerError]
    judged_on: str


def measure(
    model: FloatModel,
    compressed: Compressed,
    bench: Workbench,
    *,
    effort: str,
    max_drop: float | None = None,
    robustness: str | None = None,
    hide_samples: bool = False,
) -> Measurements:
    """Evaluates on the labelled samples where there are any, else compares on the calibration samples.

    Args:
        model: the float file and the samples.
        compressed: the file that was made of it.
        bench: where to run.
        effort: "low" measures on less, and leaves maps and robustness out.
        max_drop: percentage points that may be lost, or None.
        robustness: corruptions and attacks that were asked for; None measures some where that takes seconds.
        hide_samples: whether no photo and no value of a sample may be in what is found.

    Raises:
        InputError: accuracy is not defined on these samples, and a budget was set for it.
    """
    files = {"float": model.file, "compressed": compressed.file}
    if compressed.stock is not None:
        files["stock"] = compressed.stock
    setting = replace(_setting(model, files, bench), hide_samples=hide_samples)
    # Compressing needs no interpreter, so that it goes on beside the evaluation; it ends before latency is measured.
    with ThreadPoolExecutor() as pool:
        gzipped = {name: pool.submit(_gzip_bytes, file) for name, file in files.items()}
        judged = _judged(setting, model, bench, effort=effort, max_drop=max_drop)
        errors = _layer_errors(compressed.quantized.source, setting, bench, effort=effort)
    said = layer_diagnosis(errors, compressed.quantized.source, layer_names(model.model), judged.found["compressed"])
    judged = judged.with_diagnosis(said)
    with bench.steps.step("latency", "latency here") as step:
        benches = {
            name: bench.worker.call("edgecomp.latency.here:measure_here", file, model.contract, threads=bench.threads)
            for name, file in step.track(files.items(), len(files))
        }
        step.detail = f"{bench.threads} threads"
    curves = _robustness(setting, benches, bench, effort=effort, asked=robustness)
    return Measurements(
        evaluations=judged.found,
        evaluation={**judged.data, "robustness": curves},
        benches=benches,
        gzip_bytes={name: size.result() for name, size in gzipped.items()},
        layer_errors=errors,
        judged_on="calibration" if model.evaluation is None else "evaluation",
    )


def _setting(model: FloatModel, files: dict[str, bytes], bench: Workbench) -> Setting:
    samples = model.evaluation or model.calibration
    contract, task = model.contract, None
    if model.evaluation is not None:
        contract, task = task_of(model.contract, model.file, samples, bench)
    return Setting(files, "compressed", contract, task, samples, model.model.keras_model)


def _judged(setting: Setting, model: FloatModel, bench: Workbench, *, effort: str, max_drop: float | None) -> Judged:
    labelled = model.evaluation is not None
    judged = judge(
        setting,
        bench,
        max_drop=max_drop,
        map_seconds=MAP_SECONDS if labelled and effort != "low" else 0.0,
        limit=None if labelled else max(1, int(_share(effort) * UNLABELLED_SAMPLES)),
        with_labels=labelled,
        said=[*model.overlaps, *_near_duplicates(model, effort)],
    )
    if max_drop is not None and judged.found["compressed"].metric is None:
        raise InputError(
            "--max-drop: accuracy is not defined on these samples, perhaps because all have the same label; "
            "give more of them (--eval), or leave the budget out"
        )
    return judged


def _near_duplicates(model: FloatModel, effort: str) -> list[str]:
    if model.evaluation is None or effort == "low" or len(model.evaluation) > MOST_COMPARED:
        return []
    return find_near_duplicates(model.calibration, model.evaluation, least_share=ALIKE_SHARE)


def _layer_errors(source: bytes, setting: Setting, bench: Workbench, *, effort: str) -> dict[str, LayerError]:
    few = [sample.feeds for sample in islice(setting.samples, int(_share(effort) * LAYER_SAMPLES))]
    with bench.steps.step("layers", "error by layer") as step:
        errors: dict[str, LayerError] = bench.worker.call(
            "edgecomp.evaluate.layers:layer_errors",
            source,
            setting.files["compressed"],
            threads=bench.threads,
            samples=few,
        )
        step.detail = f"{len(few)} samples"
    return errors


def _robustness(
    setting: Setting, benches: Mapping[str, Mapping[str, Any]], bench: Workbench, *, effort: str, asked: str | None
) -> dict[str, Any] | None:
    """The curves, or why there are none; None where nobody could expect any."""
    pair = ("float", "compressed")
    plan = plan_robustness(
        asked,
        labelled=setting.task is not None,
        effort=effort,
        samples=len(setting.samples),
        values=_values(setting.samples),
        latency_ms=sum(benches[name]["latency_ms"]["p50"] for name in pair),
    )
    if not plan.names:
        return {"curves": [], "words": None, "reason": plan.reason} if plan.reason else None
    both = replace(setting, files={name: setting.files[name] for name in pair})
    curves = measure_curves(both, plan.names, most=plan.samples, bench=bench)
    return {
        "samples": plan.samples,
        "curves": [one.to_dict() for one in curves],
        "words": robustness_words(curves),
    }


def _values(samples: PreparedSet) -> int:
    """Of all inputs of one sample."""
    first = next(iter(samples))
    return sum(value.size for value in first.feeds.values())


def _share(effort: str) -> float:
    return LOW_EFFORT_SHARE if effort == "low" else 1.0


def _gzip_bytes(file: bytes) -> int:
    return len(gzip.compress(file, compresslevel=6, mtime=0))
