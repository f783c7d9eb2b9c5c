"""The schema of report.json, version 1, and its check.

The schema is data (`REPORT`), written with five kinds of value. It is only ever extended: keys it does not know are
let through, so that a report of a later edgecomp can still be read, and every key but `schema` and `target` may be
missing or null, because a figure that was not measured is absent, never guessed.

This is our own check and not a JSON Schema library: it has to refuse NaN and infinity, which JSON Schema cannot
name, and it runs inside every conversion, where importing such a library costs more than the check.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from edgecomp.errors import InputError

SCHEMA_VERSION = 1
MAX_DEPTH = 50


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Number:
    """A finite number within `low` and `high`; without a fraction where `whole`. NumPy's scalars count as numbers."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False


@dataclass(frozen=True)
class Anything:
    """Any JSON value; what it may not hold is NaN or infinity."""


@dataclass(frozen=True)
class Items:
    """A list whose items all look alike; of exactly `length` items where that is given."""

    item: Spec
    length: int | None = None


@dataclass(frozen=True)
class Fields:
    """An object: what is known of its keys. Other keys may hold anything."""

    known: Mapping[str, Spec]
    required: tuple[str, ...] = ()


Spec = Text | Flag | Number | Anything | Items | Fields

COUNT = Number(low=0, high=2**63 - 1, whole=True)
POSITIVE = Number(low=0)
FRACTION = Number(low=0, high=1)
RANGE = Items(Number(), length=2)

METRIC = Fields({"name": Text(), "value": Number(), "n": COUNT})
INTERVAL = Fields({"low": POSITIVE, "high": POSITIVE, "confidence": FRACTION})
LATENCY = Fields(
    {
        "p50": POSITIVE,
        "p90": POSITIVE,
        "valid": Flag(),
        "runs": COUNT,
        "intervals": Fields({"p50": INTERVAL, "p90": INTERVAL, "p99": INTERVAL}),
    }
)
VARIANT = Fields(
    {
        "bytes": COUNT,
        "gzip_bytes": COUNT,
        "params": COUNT,
        "macs": COUNT,
        "metric": METRIC,
        "latency_ms": LATENCY,
        "scheme": Text(),
        "io": Text(),
        "sha256": Text(),
        "agreement": FRACTION,
        "sqnr_db": Number(),
    }
)
LAYER = Fields(
    {
        "name": Text(),
        "op": Text(),
        "macs": COUNT,
        "bytes": COUNT,
        "sqnr_db": Number(),
        "own_sqnr_db": Number(),
        "dtype": Text(),
        "note": Text(),
        "tensor": Text(),
        "range": RANGE,
        "representable": RANGE,
        "clipped_share": FRACTION,
        "histogram": Fields({"low": Number(), "high": Number(), "counts": Items(COUNT)}),
    }
)
SETTINGS = Fields(
    {
        "ranges": Text(),
        "equalize": Flag(),
        "bias_correction": Flag(),
        "rounding": Text(),
        "float_operators": COUNT,
        "float_outputs": Flag(),
    }
)
TRIAL = Fields(
    {
        "settings": SETTINGS,
        "error_db": Number(),
        "agreement": FRACTION,
        "seconds": POSITIVE,
        "kept": Flag(),
        "note": Text(),
    }
)
DEVICE = Fields(
    {
        "host": Text(),
        "at": Text(),
        "verified": Flag(),
        "installed": Fields({"version": COUNT, "sha256": Text(), "key": Text()}),
        "latency_ms": Fields({**LATENCY.known, "p99": POSITIVE}),
        "reasons": Items(Text()),
        "load_ms": POSITIVE,
        "first_ms": POSITIVE,
        "peak_memory_bytes": COUNT,
        "machine": Text(),
        "engine": Fields({}),
    }
)
FINDING = Fields(
    {
        "rule": Text(),
        "severity": Text(),
        "what": Text(),
        "remedy": Text(),
        "operators": Items(COUNT),
        "ops": Items(Text()),
        "layers": Items(Text()),
    }
)
PRUNING = Fields(
    {
        "dead_channels": COUNT,
        "dead": Items(Fields({"layer": Text(), "reason": Text(), "channels": COUNT})),
        "silent_channels": COUNT,
        "silent": Items(Fields({"layer": Text(), "reason": Text(), "channels": COUNT})),
        "removed_channels": COUNT,
        "rounds": COUNT,
        "importance": Text(),
        "ranking": Text(),
        "macs": Fields({"before": COUNT, "after": COUNT}),
        "params": Fields({"before": COUNT, "after": COUNT}),
        "layers": Items(
            Fields(
                {
                    "name": Text(),
                    **dict.fromkeys(("before", "after"), COUNT),
                    **dict.fromkeys(("macs_before", "macs_after", "bytes_before", "bytes_after"), COUNT),
                }
            )
        ),
        "frozen": Items(Fields({"layer": Text(), "reason": Text()})),
    }
)
TRAINING = Fields(
    {
        "name": Text(),
        "metric": Text(),
        "held": COUNT,
        "before": Number(),
        "after": Number(),
        "best": COUNT,
        "seconds": POSITIVE,
        "steps": COUNT,
        "stopped": Text(),
        "augmentation": Text(),
        "macs": COUNT,
        "file_before": Number(),
        "file_after": Number(),
        "kept": Flag(),
        "history": Items(
            Fields(
                {
                    "epoch": COUNT,
                    "loss": Number(),
                    "value": Number(),
                    "held_loss": Number(),
                    "learning_rate": POSITIVE,
                    "seconds": POSITIVE,
                }
            )
        ),
    }
)
QUANTIZATION = Fields(
    {
        "effort": Text(),
        "held_out": COUNT,
        "reason": Text(),
        "settings": SETTINGS,
        "equalized": Items(
            Fields({"from": Text(), "to": Text(), "kind": Text(), "factor": POSITIVE, "gain_db": Number()})
        ),
        "biases_corrected": COUNT,
        "float_operators": Items(Fields({"layer": Text(), "op": Text(), "reason": Text()})),
    }
)
REPORT = Fields(
    {
        "schema": Number(low=1, whole=True),
        "created_by": Text(),
        "target": Text(),
        "recipe": Fields({}),
        "seed": Number(whole=True),
        "source": Fields({"path": Text(), "format": Text(), "params": COUNT, "macs": COUNT, "sha256": Text()}),
        "float": VARIANT,
        "stock": VARIANT,
        "compressed": VARIANT,
        "bundle": Fields({"bytes": COUNT}),
        "drop_points": Number(),
        "agreement": FRACTION,
        "sqnr_db": Number(),
        "budget": Fields({"max_drop_points": Number(), "met": Flag()}),
        "predicted": Fields({"latency_ms": POSITIVE, "low": POSITIVE, "high": POSITIVE, "peak_memory_bytes": COUNT}),
        "findings": Items(FINDING),
        "measured": Fields({"where": Text(), "latency_ms": LATENCY, "peak_memory_bytes": COUNT}),
        "devices": Items(DEVICE),
        "preprocess": Fields({"name": Text(), "reason": Text(), "evidence": Anything()}),
        "labels": Items(Text()),
        "pruning": PRUNING,
        "training": Items(TRAINING),
        "quantization": QUANTIZATION,
        "tried": Items(TRIAL),
        "layers": Items(LAYER),
        "steps": Items(Fields({"name": Text(), "seconds": POSITIVE, "detail": Text()})),
        "warnings": Items(Text()),
        "environment": Fields({}),
    },
    required=("schema", "target"),
)


def validate_report(report: Mapping[str, Any]) -> None:
    """Checks a report against schema 1.

    Args:
        report: the report as plain data: dictionaries, lists, strings, numbers (NumPy's too), booleans and None.

    Raises:
        InputError: the first thing that is wrong, with its path inside the report (`layers[3].sqnr_db`).
    """
    version: Any = report.get("schema") if isinstance(report, Mapping) else None
    if _is_whole(version) and version > SCHEMA_VERSION:
        raise InputError(
            f"report: schema is {version}, and this edgecomp reads schema {SCHEMA_VERSION}: use the one that wrote it"
        )
    _check(report, REPORT, "", 0)
    _check_verdict(report)


def _check(value: Any, spec: Spec, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"report: {path[:80]}… is nested more than {MAX_DEPTH} levels deep: flatten it")
    match spec:
        case Text():
            if not isinstance(value, str):
                raise _wrong(path, value, "a string")
        case Flag():
            if not isinstance(value, bool):
                raise _wrong(path, value, "true or false")
        case Number():
            _check_number(value, spec, path)
        case Items():
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise _wrong(path, value, "a list")
            if spec.length not in (None, len(value)):
                raise InputError(f"report: {path} has {len(value)} items, expected {spec.length}")
            for index, item in enumerate(value):
                _check(item, spec.item, f"{path}[{index}]", depth + 1)
        case Fields():
            _check_fields(value, spec, path, depth)
        case Anything():
            _check_anything(value, path, depth)


def _check_fields(value: Any, spec: Fields, path: str, depth: int) -> None:
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "an object")
    for name in spec.required:
        if value.get(name) is None:
            raise InputError(f"report: {_join(path, name)} is missing: every report has it")
    for name, item in value.items():
        if not isinstance(name, str):
            raise _wrong(_join(path, str(name)), name, "a string for a key")
        if item is not None:
            _check(item, spec.known.get(name, Anything()), _join(path, name), depth + 1)


def _check_anything(value: Any, path: str, depth: int) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if _is_number(value):
        _check_number(value, Number(), path)
    elif isinstance(value, Mapping):
        _check_fields(value, Fields({}), path, depth)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            _check(item, Anything(), f"{path}[{index}]", depth + 1)
    else:
        raise _wrong(path, value, "something JSON can hold")


def _check_number(value: Any, spec: Number, path: str) -> None:
    if not _is_number(value):
        raise _wrong(path, value, "a number")
    if not _is_whole(value) and not math.isfinite(value):
        raise InputError(f"report: {path} is {value}: a figure that was not measured is left out or null")
    if spec.whole and not _is_whole(value):
        raise _wrong(path, value, "a whole number")
    if not spec.low <= value <= spec.high:
        bounds = f"at least {spec.low:g}" if spec.high == math.inf else f"between {spec.low:g} and {spec.high:g}"
        raise _wrong(path, value, bounds)


def _check_verdict(report: Mapping[str, Any]) -> None:
    """A report may not call a budget met that its own figures break: this is what people ship by."""
    budget = report.get("budget") or {}
    drop, allowed = report.get("drop_points"), budget.get("max_drop_points")
    if budget.get("met") and drop is not None and allowed is not None and drop > allowed + 1e-9:
        raise InputError(
            f"report: budget.met is true, but drop_points ({drop:g}) is more than budget.max_drop_points ({allowed:g})"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(path: str, value: Any, wanted: str) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return InputError(f"report: {path or 'the whole'} is {shown}, expected {wanted}")
