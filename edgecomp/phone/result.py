"""What a phone sends, read with as little trust as anything from a network deserves."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from ..compare.forms import bench_result
from ..compare.json_object import JsonObject
from ..errors import InputError

_LONGEST_TEXT = 300
_MOST_ITEMS = 2000
_DEEPEST = 6


@dataclass(frozen=True)
class PhoneResult:
    """A benchmark in a browser, and whether the golden samples came out right there.

    Args:
        name: of the device, its browser and backend, in one line.
        bench: the benchmark as `edgecomp-runtime bench --json` has it, with `browser`, `backend` and `golden` beside.
        verified: whether the golden samples passed; None where there were none.
        valid: whether the measurement counts.
        failed: why there is no benchmark; "" where there is one. `bench` is empty then.
    """

    name: str
    bench: dict[str, Any]
    verified: bool | None
    valid: bool
    failed: str = ""

    @property
    def p50_ms(self) -> float:
        """The median latency, in milliseconds."""
        return float(self.bench["latency_ms"]["p50"])


def read_result(data: bytes, model_sha256: str) -> PhoneResult:
    """Reads and checks a result.

    Args:
        data: JSON, as the page sends it.
        model_sha256: of the model that is being served.

    Raises:
        InputError: it is no result, or one of another model.
    """
    try:
        raw = json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise InputError("the result is not JSON") from None
    bench = _clean(raw, _DEEPEST)
    source = JsonObject("the result", bench)
    if source.text("model_sha256") != model_sha256:
        raise InputError("the result is about another model; load the page again")
    board, browser = source.inside("device").text("board") or "a phone", source.text("browser") or "a browser"
    name = f"{board}, {browser}, {source.text('backend') or 'no backend'}"
    failed = source.text("failed") or ""
    if failed:
        return PhoneResult(name, {}, None, False, failed)
    figures = bench_result(source, "the result").figures
    if any(not math.isfinite(one.value) or one.value < 0 for one in figures.values()):
        raise InputError("the result has a figure that is none")
    golden = source.inside("golden")
    return PhoneResult(name, bench, golden.flag("passed"), bool(source.flag("valid")))


def _refused(name: str) -> None:
    raise ValueError(name)


def _clean(value: Any, deep: int) -> Any:
    """The same without what could trouble a terminal or fill a disk: control characters, long texts, deep nesting."""
    if isinstance(value, str):
        return "".join(one for one in value[:_LONGEST_TEXT] if one.isprintable())
    if value is None or isinstance(value, bool | int | float):
        return value
    if deep == 0 or len(value) > _MOST_ITEMS:
        raise InputError("the result is nested too deep, or has too many values")
    if isinstance(value, list):
        return [_clean(one, deep - 1) for one in value]
    return {_clean(key, 1): _clean(one, deep - 1) for key, one in value.items()}
