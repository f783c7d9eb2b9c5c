"""Puts what a run found out into the shape of report.json."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from ...evaluate.assess import Assessment
from ...evaluate.layers import LayerError
from ...evaluate.metrics import Metric
from ...models import OpenedModel
from ...tflite import Operator, TfliteModel, read_tflite
from ...tflite.cost import operator_macs, operator_weight_bytes, parameter_count, total_macs
from ...tflite.layers import operator_layers
from ..evaluating.costing import cost_data
from ..float_file import FloatModel, layer_names
from ..measure import Measurements
from ..quantizing.compress import Compressed
from ..recipes.plan import Plan
from ..shrinking.shrink import Shrunk
from .device_data import findings_data, predicted_data
from .low_rank_data import low_rank_data, low_rank_warnings
from .pruning_data import pruning_data
from .quantization_data import quantization_data, tried_data
from .training_data import training_data, training_warnings
from .weights_data import weights_data

SHARES = ("top1", "auc", "micro_f1", "miou", "map")
"""Figures from 0 to 1 of which more is better: what is lost of them counts in percentage points."""


def _source(model: OpenedModel, float_file: bytes) -> dict[str, Any]:
    """What was opened."""
    parsed = read_tflite(float_file)
    params = model.keras_model.count_params() if model.keras_model is not None else parameter_count(parsed)
    return {
        "path": model.path.name if model.path else None,
        "format": model.format,
        "params": params,
        "macs": total_macs(parsed),
        "sha256": model.sha256,
    }


def _variant(
    file: bytes, evaluation: Assessment, bench: dict[str, Any], gzip_bytes: int, **extra: Any
) -> dict[str, Any]:
    """One column of the three-way table."""
    parsed = read_tflite(file)
    return {
        "bytes": len(file),
        "gzip_bytes": gzip_bytes,
        "params": parameter_count(parsed),
        "macs": total_macs(parsed),
        "metric": evaluation.metric.to_dict() if evaluation.metric else None,
        "latency_ms": {**latency_data(bench), "reasons": list(bench["reasons"])},
        "agreement": evaluation.agreement,
        "sqnr_db": evaluation.sqnr_db,
        "sha256": hashlib.sha256(file).hexdigest(),
        **extra,
    }


def latency_data(bench: dict[str, Any]) -> dict[str, Any]:
    """The report's latency fields of a benchmark."""
    latency = bench["latency_ms"]
    kept = {key: latency[key] for key in ("p50", "p90", "runs")}
    intervals = {key: one for key, one in latency["intervals"].items() if key in kept}
    return {**kept, "intervals": intervals, "valid": bench["valid"]}


def layers_data(file: bytes, errors: Mapping[str, LayerError], keras_layers: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every operator of the main graph with its cost, and its error where one was measured.

    Args:
        file: the shipped .tflite.
        errors: by tensor name.
        keras_layers: names of the model's layers, to find which one an operator comes from.
    """
    model = read_tflite(file)
    layers = operator_layers(model.main, keras_layers)
    return [
        _layer(model, operator, layer, errors) for operator, layer in zip(model.main.operators, layers, strict=True)
    ]


def _layer(
    model: TfliteModel, operator: Operator, layer: str | None, errors: Mapping[str, LayerError]
) -> dict[str, Any]:
    output = model.main.tensors[operator.outputs[0]] if operator.outputs else None
    results = {index: name for name, index in model.signature.outputs} if model.signature else {}
    error = errors.get(output.name) if output else None
    return {
        "name": layer or (results.get(output.index, output.name) if output else operator.name),
        "op": operator.name,
        "macs": operator_macs(model.main, operator),
        "bytes": operator_weight_bytes(model.main, operator),
        "dtype": output.dtype if output else None,
        "tensor": output.name if output else None,
        **(error.to_dict() if error else {}),
    }


def _environment(bench: dict[str, Any]) -> dict[str, Any]:
    """Where the figures were made."""
    packages = ("edgecomp", "tensorflow", "keras", "ai-edge-litert", "litert-quantizer", "numpy")
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "cpu": _cpu_name(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "threads": bench["engine"]["threads"],
        "engine": bench["engine"]["name"],
        "delegate": "xnnpack" if bench["engine"]["xnnpack"] else None,
        "packages": {name: version(name) for name in packages},
    }


def _cpu_name() -> str | None:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        return None
    return names[0] if names else None


def assemble(
    plan: Plan,
    model: FloatModel,
    shrunk: Shrunk,
    compressed: Compressed,
    measured: Measurements,
    bundle: bytes,
    steps: list[dict[str, Any]],
    max_drop: float | None,
) -> dict[str, Any]:
    """The whole report."""
    ours = measured.evaluations["compressed"]
    drop = drop_points(measured.evaluations["float"].metric, ours.metric)
    keras_layers = tuple(dict.fromkeys((*layer_names(model.model), *layer_names(shrunk.model.model))))
    shipped = read_tflite(compressed.file)
    report: dict[str, Any] = {
        "schema": 1,
        "created_by": f"edgecomp {version('edgecomp')}",
        "target": plan.target.name,
        "recipe": plan.recipe.to_dict(),
        "seed": plan.recipe.seed,
        "source": _source(model.model, model.file),
        **_variants(plan, model, compressed, measured),
        "bundle": {"bytes": len(bundle)},
        "drop_points": drop,
        "agreement": ours.agreement,
        "sqnr_db": ours.sqnr_db,
        "judged_on": {"set": measured.judged_on, "n": ours.n},
        "evaluation": measured.evaluation,
        "budget": _budget(max_drop, drop),
        "predicted": predicted_data(plan.target, shipped),
        "findings": findings_data(plan.target, shipped, keras_layers),
        "preprocess": _preprocess(model),
        "labels": next((list(one.labels) for one in model.contract.outputs if one.labels), []),
        "pruning": pruning_data(shrunk),
        "low_rank": low_rank_data(shrunk),
        "training": training_data(shrunk.rounds, compressed.training),
        "quantization": quantization_data(plan, compressed.quantized, keras_layers),
        "tried": tried_data(compressed.quantized),
        "weights": weights_data(compressed.quantized, keras_layers),
        "layers": layers_data(compressed.file, measured.layer_errors, keras_layers),
        "steps": steps,
        "warnings": _warnings(plan, model, shrunk, compressed),
        "environment": _environment(measured.benches["compressed"]),
    }
    sides = {"float": model.file, "compressed": compressed.file}
    return {**report, "cost": cost_data(report, sides, plan.target)}


def _variants(
    plan: Plan, model: FloatModel, compressed: Compressed, measured: Measurements
) -> dict[str, dict[str, Any]]:
    """The columns of the three-way table."""
    files = {"float": model.file, "compressed": compressed.file, "stock": compressed.stock}
    extras = {"compressed": {"scheme": plan.recipe.quantize.scheme, "io": plan.recipe.quantize.io}}
    variants = {
        name: _variant(
            file, measured.evaluations[name], measured.benches[name], measured.gzip_bytes[name], **extras.get(name, {})
        )
        for name, file in files.items()
        if file is not None
    }
    compared = measured.evaluations["compressed"].agreement is not None
    variants["float"]["agreement"] = 1.0 if compared else None
    return variants


def _preprocess(model: FloatModel) -> dict[str, Any]:
    """How raw values become model input, and how that was settled."""
    return {
        "name": str(model.preprocess.preprocess),
        "reason": model.preprocess.reason,
        "evidence": dict(model.preprocess.evidence),
    }


def drop_points(reference: Metric | None, ours: Metric | None) -> float | None:
    """Accuracy lost in percentage points; None where it was not measured, or is no share."""
    if reference is None or ours is None or ours.name not in SHARES:
        return None
    return 100 * (reference.value - ours.value)


def _budget(max_drop: float | None, drop: float | None) -> dict[str, Any] | None:
    if max_drop is None:
        return None
    assert drop is not None, "checked as soon as the samples were judged"
    # Half a sample of slack would be no slack at all; this only forgives the rounding of the subtraction.
    return {"max_drop_points": max_drop, "met": drop <= max_drop + 1e-9}


def _warnings(plan: Plan, model: FloatModel, shrunk: Shrunk, compressed: Compressed) -> list[str]:
    warnings = [*plan.warnings, *model.model.warnings, *model.warnings]
    if compressed.plain_steps is None:
        warnings.append(
            "The file runs only under XNNPACK: the plain kernels refuse it. Use an interpreter with XNNPACK enabled."
        )
    if shrunk.silent is not None and shrunk.silent.channels:
        warnings.append(
            f"{len(shrunk.silent.channels)} channels never moved on the calibration samples and were removed: what "
            "would move them is answered otherwise now. Calibrate with all that the device will see."
        )
    untrained = sum(len(one.plan.removed) for one in shrunk.rounds if one.plan and one.trained is None)
    if untrained:
        warnings.append(
            f"{untrained} channels were pruned and nothing was trained afterwards, so that accuracy was lost: win it "
            "back with --train SAMPLES."
        )
    warnings += low_rank_warnings(shrunk)
    warnings += training_warnings(shrunk.rounds, compressed.training)
    broken = compressed.quantized.broken
    if broken:
        named = ", ".join(broken[:5]) + (", …" if len(broken) > 5 else "")
        warnings.append(
            f"{len(broken)} calibration samples stand off from all others and were left out of the ranges: {named}. "
            "If the device will see such values, add more samples like them."
        )
    kept = float_operators(compressed.file) if plan.recipe.quantize.scheme == "int8" else []
    if kept:
        warnings.append(f"Kept at float, because the quantizer has no integer form of them: {', '.join(kept)}.")
    return warnings


def float_operators(file: bytes) -> list[str]:
    """Names of operators that still compute in float, in a file that should compute in integers."""
    graph = read_tflite(file).main
    return sorted(
        {
            operator.name
            for operator in graph.operators
            if operator.name not in ("QUANTIZE", "DEQUANTIZE")
            and any(graph.tensors[index].dtype == "float32" for index in operator.outputs)
        }
    )
