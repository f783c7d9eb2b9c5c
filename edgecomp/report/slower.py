"""Whether the file that was made is slower than the one it was made from: what small files are not expected to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgecomp.report.formats import times
from edgecomp.report.subject import subject_of

LEAST = 1.1
"""Times as slow, from which it is spoken of."""


def slower_words(report: Mapping[str, Any]) -> str:
    """That our file takes longer here than the float file, in a sentence; empty where it does not beyond doubt.

    Args:
        report: a report that `validate_report` accepts.
    """
    ours, reference = (((report.get(name) or {}).get("latency_ms") or {}) for name in ("compressed", "float"))
    value, base = ours.get("p50"), reference.get("p50")
    if not value or not base or False in (ours.get("valid"), reference.get("valid")):
        return ""
    least = _end(ours, "low", value) / (_end(reference, "high", base) or base)
    if value / base < LEAST or least <= 1:
        return ""
    return (
        f"It is {times(value / base)} slower than {subject_of(report).the_reference} on this machine: "
        "measure both on the device before choosing this one for its speed."
    )


def _end(latency: Mapping[str, Any], end: str, otherwise: float) -> float:
    found: float | None = ((latency.get("intervals") or {}).get("p50") or {}).get(end)
    return otherwise if found is None else found
