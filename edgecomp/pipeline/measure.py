"""What the files are worth: accuracy, agreement, error by layer, latency."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..data import PreparedSet
from ..evaluate.layers import LayerError
from ..evaluate.run import Evaluation
from .float_file import FloatModel
from .quantizing.compress import Compressed
from .workbench import Workbench

LAYER_SAMPLES = 8

UNLABELLED_SAMPLES = 50
"""Calibration samples that agreement is measured on where there is no evaluation set; more would say little more."""

LOW_EFFORT_SHARE = 1 / 4
"""Of these, at low effort."""


@dataclass(frozen=True)
class Measurements:
    """Figures of each file, by its name in the report: "float", "stock" (where there is one), "compressed".

    Args:
        evaluations: accuracy and fidelity.
        benches: what the device package's benchmark says, here.
        gzip_bytes: size after gzip.
        layer_errors: what quantization does to each tensor, by its name.
        judged_on: "evaluation" or "calibration", the set the fidelity was measured on.
    """

    evaluations: dict[str, Evaluation]
    benches: dict[str, dict[str, Any]]
    gzip_bytes: dict[str, int]
    layer_errors: dict[str, LayerError]
    judged_on: str


def measure(model: FloatModel, compressed: Compressed, bench: Workbench, *, effort: str) -> Measurements:
    """Evaluates on the labelled samples where there are any, else compares on the calibration samples."""
    share = LOW_EFFORT_SHARE if effort == "low" else 1.0
    files = {"float": model.file, "compressed": compressed.file}
    if compressed.stock is not None:
        files["stock"] = compressed.stock
    judged = model.evaluation or model.calibration
    # Compressing needs no interpreter, so that it goes on beside the evaluation; it ends before latency is measured.
    with ThreadPoolExecutor() as pool:
        gzipped = {name: pool.submit(_gzip_bytes, file) for name, file in files.items()}
        evaluations, errors = _compare(files, compressed.quantized.source, model, judged, bench, share)
    with bench.steps.step("latency", "latency here") as step:
        benches = {
            name: bench.worker.call("edgecomp.latency.here:measure_here", file, model.contract, threads=bench.threads)
            for name, file in step.track(files.items(), len(files))
        }
        step.detail = f"{bench.threads} threads"
    return Measurements(
        evaluations=evaluations,
        benches=benches,
        gzip_bytes={name: size.result() for name, size in gzipped.items()},
        layer_errors=errors,
        judged_on="evaluation" if model.evaluation else "calibration",
    )


def _compare(
    files: dict[str, bytes], source: bytes, model: FloatModel, judged: PreparedSet, bench: Workbench, share: float
) -> tuple[dict[str, Evaluation], dict[str, LayerError]]:
    """Accuracy and fidelity of each file, and the compressed one's error by layer."""
    count = len(judged) if model.evaluation is not None else min(int(share * UNLABELLED_SAMPLES), len(judged))
    few = [sample.feeds for sample in islice(judged, int(share * LAYER_SAMPLES))]
    labelled = _labelled(judged, with_labels=model.evaluation is not None)
    with bench.steps.step("evaluate", "running the files on the samples") as step:
        evaluations = bench.worker.call(
            "edgecomp.evaluate.run:evaluate",
            files,
            model.contract,
            threads=bench.threads,
            class_labels=model.class_labels,
            stream=step.track(islice(labelled, count), count),
        )
        step.detail = f"{count} samples"
    with bench.steps.step("layers", "error by layer") as step:
        errors = bench.worker.call(
            "edgecomp.evaluate.layers:layer_errors",
            source,
            files["compressed"],
            threads=bench.threads,
            samples=few,
        )
        step.detail = f"{len(few)} samples"
    return evaluations, errors


def _gzip_bytes(file: bytes) -> int:
    return len(gzip.compress(file, compresslevel=6, mtime=0))


def _labelled(samples: PreparedSet, *, with_labels: bool) -> Iterator[tuple[dict[str, Any], Any]]:
    for sample in samples:
        yield sample.feeds, sample.label if with_labels else None
