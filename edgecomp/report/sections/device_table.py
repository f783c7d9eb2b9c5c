"""The devices of a report, as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report import formats


@dataclass(frozen=True)
class DeviceRow:
    """A device as the page shows it; figures also as numbers, to sort by."""

    host: str
    machine: str
    latency: str
    latency_ms: float | None
    valid: bool
    memory: str
    memory_bytes: int | None
    verified: str


def device_rows(report: Mapping[str, Any], limit: int) -> list[DeviceRow]:
    """The devices of a report for its page, at most so many."""
    return [_row(one) for one in (report.get("devices") or [])[:limit] if one]


def _row(entry: Mapping[str, Any]) -> DeviceRow:
    latency, verified = entry.get("latency_ms") or {}, entry.get("verified")
    return DeviceRow(
        formats.shortened(str(entry.get("host") or ""), 100),
        formats.shortened(str(entry.get("machine") or formats.MISSING), 200),
        formats.milliseconds(latency.get("p50")),
        latency.get("p50"),
        latency.get("valid") is not False,
        formats.size(entry.get("peak_memory_bytes")),
        entry.get("peak_memory_bytes"),
        formats.MISSING if verified is None else "as on the host" if verified else "other answers",
    )
