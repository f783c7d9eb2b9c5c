"""How long an inference takes on the machine that converted: each file with the interval of its percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, milliseconds, shortened
from edgecomp.report.plots.axis import Tick, from_left, scale, ticks
from edgecomp.report.subject import subject_of

REASONS_LIMIT = 400


@dataclass(frozen=True)
class Timing:
    """One file.

    Args:
        name: whose it is.
        p50: median, as text.
        p50_span: its interval, or empty.
        p90: likewise.
        p90_span: likewise.
        medians: p50 and p90 in ms, to sort by; the latter may be missing.
        runs: how many inferences, or None.
        valid: whether the measurement counts.
        reasons: why it does not, or empty.
        bar: length of the median's bar in percent of the axis.
        low: where the median's interval begins, in percent; None without one.
        high: where it ends; None where it lies beyond the axis.
        ours: whether it is the file that is shipped.
    """

    name: str
    p50: str
    p50_span: str
    p90: str
    p90_span: str
    medians: tuple[float, float | None]
    runs: int | None
    valid: bool
    reasons: str
    bar: float
    low: float | None
    high: float | None
    ours: bool


@dataclass(frozen=True)
class Speed:
    """The files that were timed, and the axis of their bars; false where none was."""

    timings: tuple[Timing, ...]
    levels: tuple[Tick, ...]
    summary: str

    def __bool__(self) -> bool:
        return bool(self.timings)


def read_speed(report: Mapping[str, Any]) -> Speed:
    """What a report says of latencies here.

    Args:
        report: a report that `validate_report` accepts.
    """
    subject = subject_of(report)
    files = (("float", subject.reference), ("stock", "Stock converter"), ("compressed", subject.ours))
    found = [(key, title, (report.get(key) or {}).get("latency_ms") or {}) for key, title in files]
    timed = [(key, title, one) for key, title, one in found if one.get("p50") is not None]
    if not timed:
        return Speed((), (), "")
    ends = [_end(one, "p50", "high") for _, _, one in timed]
    medians = [one["p50"] for _, _, one in timed]
    # An interval without bounds would squeeze the bars; what goes beyond the axis is drawn as far as it reaches.
    highest = min(max([*medians, *(one for one in ends if one is not None)]), 1.5 * max(medians)) or 1.0
    _, step, top = scale(0.0, highest)
    unit, factor = ("µs", 1000.0) if top < 0.2 else ("ms", 1.0)
    levels = [Tick(from_left(one, 0.0, top), f"{one * factor:g} {unit}") for one in ticks(0.0, step, top)]
    return Speed(
        tuple(_timing(title, one, top, ours=key == "compressed") for key, title, one in timed),
        tuple(levels),
        "Median latency: " + ", ".join(f"{title} {milliseconds(one['p50'])}" for _, title, one in timed) + ".",
    )


def _timing(title: str, one: Mapping[str, Any], top: float, *, ours: bool) -> Timing:
    low, high = (_end(one, "p50", end) for end in ("low", "high"))
    known = low is not None and high is not None and 0 <= low <= high
    return Timing(
        name=title,
        p50=milliseconds(one.get("p50")),
        p50_span=_span(one, "p50"),
        p90=milliseconds(one.get("p90")),
        p90_span=_span(one, "p90"),
        medians=(one["p50"], one.get("p90")),
        runs=one.get("runs"),
        valid=one.get("valid") is not False,
        reasons=shortened("; ".join(one.get("reasons") or []), REASONS_LIMIT),
        bar=from_left(min(one["p50"], top), 0.0, top),
        low=from_left(min(low, top), 0.0, top) if known and low is not None else None,
        high=from_left(min(high, top), 0.0, top) if known and high is not None else None,
        ours=ours,
    )


def _end(one: Mapping[str, Any], key: str, end: str) -> float | None:
    found: float | None = ((one.get("intervals") or {}).get(key) or {}).get(end)
    return found


def _span(one: Mapping[str, Any], key: str) -> str:
    low, high = _end(one, key, "low"), _end(one, key, "high")
    if low is None or high is None or MISSING in (milliseconds(low), milliseconds(high)):
        return ""
    return f"{milliseconds(low)} to {milliseconds(high)}"
