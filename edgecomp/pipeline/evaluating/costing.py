"""What a file costs beside the float file, and what it is worth in each scenario, in the shape of report.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...evaluate.assess import Assessment
from ...evaluate.cost.scenarios import SCENARIOS, Scenario
from ...evaluate.cost.score import Quantity, score
from ...latency.predict import can_predict, predict
from ...targets import Target
from ...tflite import TfliteModel, peak_activation_bytes, read_tflite, weight_bytes
from ...tflite.cost import total_macs
from ..workbench import Workbench
from .setting import Setting


def cost_data(
    report: Mapping[str, Any],
    files: Mapping[str, bytes],
    target: Target | None = None,
    *,
    scenarios: Sequence[Scenario] = tuple(SCENARIOS.values()),
) -> dict[str, Any]:
    """The figures of both files, and a score for each scenario.

    Args:
        report: with "drop_points", and what was measured in "float" and "compressed"; whatever is missing stays so.
        files: the .tflite files "float" and "compressed".
        target: the device, whose profile predicts latencies where none were measured.
        scenarios: what to weigh the figures for.
    """
    quantities = cost_quantities(report, files, target)
    return {
        "quantities": [one.to_dict() for one in quantities],
        "scenarios": [score(quantities, one).to_dict() for one in scenarios],
    }


def timed_cost(setting: Setting, found: Assessment, scenario: Scenario, bench: Workbench) -> dict[str, Any]:
    """Times a file and its reference on this machine, and weighs all that is known of them.

    Args:
        setting: has both files.
        found: what the samples said of the file that is judged.
        scenario: what counts.
        bench: where to run.
    """
    sides = {"float": setting.files[setting.reference or setting.ours], "compressed": setting.files[setting.ours]}
    with bench.steps.step("latency", "latency here") as step:
        benches = {
            name: bench.worker.call("edgecomp.latency.here:measure_here", file, setting.contract, threads=bench.threads)
            for name, file in step.track(sides.items(), len(sides))
        }
    report: dict[str, Any] = {
        name: {"latency_ms": {"p50": one["latency_ms"]["p50"], "valid": one["valid"]}} for name, one in benches.items()
    }
    report["drop_points"] = None if found.paired is None else 100 * found.paired.drop
    report["compressed"]["metric"] = found.metric.to_dict() if found.metric else None
    return cost_data(report, sides, scenarios=[scenario])


def cost_quantities(report: Mapping[str, Any], files: Mapping[str, bytes], target: Target | None) -> list[Quantity]:
    """See `cost_data`."""
    models = {name: read_tflite(files[name]) for name in ("float", "compressed")}
    return [
        _accuracy(report),
        _latency(report, models, target),
        Quantity("size", "bytes", len(files["compressed"]), len(files["float"]), "size of the file"),
        Quantity("memory", "bytes", _peak(models["compressed"]), _peak(models["float"]), "estimated from the file"),
        _measured(report, "energy", "mJ", ("energy", "joules_per_inference"), 1000.0),
        _macs(models),
    ]


def _accuracy(report: Mapping[str, Any]) -> Quantity:
    lost = report.get("drop_points")
    if lost is None:
        return Quantity("accuracy", "points")
    metric = (report.get("compressed") or {}).get("metric") or {}
    return Quantity(
        "accuracy", "points", lost, None, f"measured on {metric['n']} samples" if "n" in metric else "measured"
    )


def _latency(report: Mapping[str, Any], models: Mapping[str, TfliteModel], target: Target | None) -> Quantity:
    """As measured, where both measurements count; else as the device's profile predicts it."""
    measured = _measured(report, "latency", "ms", ("latency_ms", "p50"), 1.0)
    sides = [(report.get(name) or {}).get("latency_ms") or {} for name in ("compressed", "float")]
    if measured.value is not None and all(one.get("valid", True) for one in sides):
        return measured
    if target is None or not can_predict(target):
        return Quantity("latency", "ms")
    ours, float_ms = (predict(models[name], target).latency_ms for name in ("compressed", "float"))
    return Quantity("latency", "ms", ours, float_ms, f"predicted for {target.name}")


def _measured(report: Mapping[str, Any], name: str, unit: str, path: tuple[str, str], scale: float) -> Quantity:
    section, key = path
    ours, reference = (((report.get(one) or {}).get(section) or {}).get(key) for one in ("compressed", "float"))
    if ours is None or reference is None:
        return Quantity(name, unit)
    return Quantity(name, unit, scale * ours, scale * reference, "measured here")


def _peak(model: TfliteModel) -> int:
    return weight_bytes(model) + peak_activation_bytes(model)


def _macs(models: Mapping[str, TfliteModel]) -> Quantity:
    ours, reference = (total_macs(models[name]) for name in ("compressed", "float"))
    return Quantity("macs", "", ours, reference, "counted in the file") if reference else Quantity("macs", "")
