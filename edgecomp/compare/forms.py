"""The forms that results come in, each turned into a `Result`."""

from __future__ import annotations

from collections.abc import Mapping

from edgecomp_runtime.evaluate.metrics import wilson_interval

from ..errors import InputError
from .json_object import JsonObject
from .result import Device, Figure, Result
from .robustness import robustness_curves

VARIANTS = ("compressed", "float", "stock")
"""Models of a report.json; the first is taken where none is named."""


def bench_result(source: JsonObject, path: str) -> Result:
    """What `edgecomp-runtime bench` prints."""
    latency, engine, device = source.inside("latency_ms"), source.inside("engine"), source.inside("device")
    if latency.number("p50") is None:
        raise InputError(f"{latency.where} has no p50; measure again")
    energy = source.inside("energy")
    figures = {
        **_percentiles(latency, "p50", "p90", "p99"),
        "first": _loose(source.number("first_ms")),
        "load": _loose(source.number("load_ms")),
        "memory": _loose(source.number("peak_memory_bytes")),
        "energy": _loose(energy.number("joules_per_inference")),
        "energy-net": _loose(energy.number("net_joules_per_inference")),
    }
    facts = device.facts("board", "cpu", "cpus") or source.facts("machine")
    setting = _setting(engine)
    name = path if source.where == path else f"{path} ({setting})"
    return Result(
        name=name,
        device=Device(facts),
        setting=setting,
        valid=source.flag("valid"),
        reasons=source.texts("reasons"),
        figures=_there(figures),
        model_sha256=source.text("model_sha256"),
    )


def report_result(source: JsonObject, path: str, part: str | None) -> Result:
    """One file of a conversion, or what a device said of it."""
    part = part or VARIANTS[0]
    if part not in VARIANTS:
        return _reported_device(source, path, part)
    if not source.data.get(part):
        raise InputError(f"{path}: the report has no {part} model")
    model, environment = source.inside(part), source.inside("environment")
    latency = model.inside("latency_ms")
    figures = {**_file_figures(model), **_percentiles(latency, "p50", "p90")}
    if part == VARIANTS[0]:
        figures["agreement"] = _loose(source.number("agreement"))
        figures["sqnr"] = _loose(source.number("sqnr_db"))
    setting = ", ".join(environment.facts("engine", "delegate").values())
    threads = environment.number("threads")
    device = Device(environment.facts("cpu", "cpus"))
    name = f"{path}:{part}"
    shown = f"{setting}, {_threads(threads)}" if threads else setting
    evaluation = source.inside("evaluation")
    return Result(
        name=name,
        device=device,
        setting=shown,
        valid=latency.flag("valid"),
        reasons=latency.texts("reasons"),
        figures=_there(figures),
        model_sha256=model.text("sha256"),
        mistakes=evaluation.texts("diagnosis") if part == VARIANTS[0] else (),
        curves={} if part == "stock" else robustness_curves(evaluation, model, reference=part == "float"),
    )


def _reported_device(source: JsonObject, path: str, host: str) -> Result:
    devices = [JsonObject(f"{path}: devices[{place}]", one) for place, one in enumerate(source.items("devices"))]
    found = next((one for one in reversed(devices) if one.text("host") == host), None)
    if found is None:
        hosts = ", ".join(dict.fromkeys(one.text("host") or "?" for one in devices)) or "none"
        raise InputError(f"{path}: {host} is neither {', '.join(VARIANTS)} nor a device of the report ({hosts})")
    latency, model = found.inside("latency_ms"), source.inside(VARIANTS[0])
    figures = {
        **_file_figures(model),
        **_percentiles(latency, "p50", "p90", "p99"),
        "first": _loose(found.number("first_ms")),
        "load": _loose(found.number("load_ms")),
        "memory": _loose(found.number("peak_memory_bytes")),
    }
    device = Device({"cpu": found.text("machine") or "unknown", "host": host})
    return Result(
        name=f"{path}:{host}",
        device=device,
        setting=_setting(found.inside("engine")),
        valid=latency.flag("valid"),
        reasons=found.texts("reasons"),
        figures=_there(figures),
        model_sha256=model.text("sha256"),  # figures of devices are kept for this model only
    )


def _file_figures(model: JsonObject) -> dict[str, Figure | None]:
    return {
        **_metric(model.inside("metric")),
        "agreement": _loose(model.number("agreement")),
        "sqnr": _loose(model.number("sqnr_db")),
        "size": _exact(model.number("bytes")),
        "gzip": _exact(model.number("gzip_bytes")),
        "macs": _exact(model.number("macs")),
        "params": _exact(model.number("params")),
    }


def emulated_result(source: JsonObject, path: str) -> Result:
    """What `edgecomp profile --on emulate:CPU` prints."""
    counted, spread = source.number("instructions"), source.number("spread") or 0.0
    figure = None if counted is None else Figure(counted, counted - spread, counted + spread)
    device = Device({"cpu": source.text("on") or "an emulated CPU"})
    return Result(
        path, device, source.text("interpreter") or "", source.flag("valid"), (), _there({"instructions": figure})
    )


def evaluation_result(source: JsonObject, path: str) -> Result:
    """What `edgecomp evaluate --json` and `edgecomp-runtime evaluate --json` print."""
    figures = {
        **_metric(source.inside("metric")),
        "agreement": _share(source, "agreement", source.number("n")),
        "sqnr": _loose(source.number("sqnr_db")),
    }
    return Result(
        path,
        Device({}),
        _setting(source.inside("engine")),
        None,
        (),
        _there(figures),
        mistakes=source.texts("diagnosis"),
        curves=robustness_curves(source, source, reference=False),
    )


def _metric(metric: JsonObject) -> dict[str, Figure | None]:
    name, value, n = metric.text("name"), metric.number("value"), metric.number("n")
    if name is None or value is None:
        return {}
    if name in ("top1", "top5", "accuracy"):
        return {"accuracy": _share(metric, "value", n)}
    return {"error": Figure(value)} if name == "mse" else {}


def _share(source: JsonObject, key: str, n: float | None) -> Figure | None:
    """A share that was counted on `n` samples, with its 95% interval where that is known."""
    value = source.number(key)
    if value is None:
        return None
    if not 0 <= value <= 1:
        raise InputError(f"{source.where}: {key} is {value:g}, not a share between 0 and 1")
    if n is None:
        return Figure(value)
    if n < 1:
        raise InputError(f"{source.where}: {n:g} is no number of samples")
    return Figure(value, *wilson_interval(round(value * n), round(n)))


def _setting(engine: JsonObject) -> str:
    parts = [" ".join(engine.facts("name", "version").values())]
    threads, xnnpack = engine.number("threads"), engine.flag("xnnpack")
    if threads is not None:
        parts.append(_threads(threads))
    if xnnpack is not None:
        parts.append("XNNPACK" if xnnpack else "no XNNPACK")
    return ", ".join(part for part in parts if part)


def _threads(threads: float) -> str:
    return f"{threads:g} {'thread' if threads == 1 else 'threads'}"


def _percentiles(latency: JsonObject, *keys: str) -> dict[str, Figure | None]:
    intervals = latency.inside("intervals")
    return {"latency" if key == "p50" else key: _with_interval(latency, intervals, key) for key in keys}


def _with_interval(latency: JsonObject, intervals: JsonObject, key: str) -> Figure | None:
    value, interval = latency.number(key), intervals.inside(key)
    low, high = interval.number("low"), interval.number("high")
    if value is None:
        return None
    if low is not None and high is not None and not low <= high:
        raise InputError(f"{interval.where}: {low:g} to {high:g} is no interval")
    return Figure(value, low, high)


def _exact(value: float | None) -> Figure | None:
    return None if value is None else Figure.exact(value)


def _loose(value: float | None) -> Figure | None:
    return None if value is None else Figure(value)


def _there(figures: Mapping[str, Figure | None]) -> dict[str, Figure]:
    return {name: one for name, one in figures.items() if one is not None}
