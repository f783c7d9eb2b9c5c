"""Free-form parts of a report (evidence, environment) as pairs of label and text."""

from __future__ import annotations

from typing import Any

from edgecomp.report.formats import shortened

LABEL_LIMIT = 80
TEXT_LIMIT = 500


def outline(value: Any, limit: int) -> list[tuple[str, str]]:
    """Any JSON value as at most `limit` (label, text) pairs; what is null or empty is left out."""
    if isinstance(value, dict):
        pairs = [(str(key), _inline(item)) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [("", _inline(item)) for item in value]
    else:
        pairs = [("", _inline(value))]
    return [(shortened(label, LABEL_LIMIT), shortened(text, TEXT_LIMIT)) for label, text in pairs if text][:limit]


def _inline(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inline(item)}" for key, item in value.items() if _inline(item))
    if isinstance(value, list):
        return "; ".join(_inline(item) for item in value)
    return str(value)
