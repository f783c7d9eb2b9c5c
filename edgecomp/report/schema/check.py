"""Holds a report against the schema."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from edgecomp.errors import InputError

from .conversion import REPORT
from .specs import Anything, ByName, Fields, Flag, Items, Number, Spec, Text

SCHEMA_VERSION = 1
MAX_DEPTH = 50


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
        case ByName():
            known = dict.fromkeys(value, spec.item) if isinstance(value, Mapping) else {}
            _check_fields(value, Fields(known), path, depth)
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
