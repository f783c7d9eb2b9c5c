"""What was tried to meet the limits: every candidate with what it loses and costs, and which one was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, percent, points, seconds, shortened, significant, size
from edgecomp.report.plots.scatter import Dot, Scatter, scatter

POINT_LIMIT = 200
NAME_LIMIT = 80
TEXT_LIMIT = 300


@dataclass(frozen=True)
class Candidate:
    """One point; figures also as numbers, to sort by."""

    name: str
    summary: str
    loss_points: float | None
    loss: str
    latency_value: float | None
    latency: str
    bytes: int | None
    size: str
    agreement_value: float | None
    agreement: str
    front: bool
    chosen: bool


@dataclass(frozen=True)
class Search:
    """Everything of the section; false where nothing was searched.

    Args:
        summary: what was looked for and found.
        note: what to know about it, or empty.
        candidates: in the order in which they were tried; rivals first.
        candidate_count: how many there are, where some are left out.
        plot: loss over latency, or None.
    """

    summary: str
    note: str
    candidates: tuple[Candidate, ...]
    candidate_count: int
    plot: Scatter | None

    def __bool__(self) -> bool:
        return bool(self.candidates)


def read_search(report: Mapping[str, Any]) -> Search:
    """What a report says of a search.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Mapping[str, Any] = report.get("search") or {}
    unit = shortened(raw.get("latency_unit") or "", 20)
    given = [one for one in raw.get("points") or [] if one]
    candidates = [_candidate(one, unit) for one in _shown(given)]
    return Search(
        summary=_summary(raw, sum(one.get("kind") == "candidate" for one in given)),
        note=shortened(raw.get("note") or "", TEXT_LIMIT),
        candidates=tuple(candidates),
        candidate_count=len(given),
        plot=scatter(
            [_dot(one) for one in candidates if one.loss_points is not None and one.latency_value is not None],
            x_unit=unit,
            summary=f"Points lost over latency of {len(candidates)} candidates.",
        ),
    )


def _shown(given: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first ones; the one that was taken is always among them."""
    first = list(given[:POINT_LIMIT])
    return first + [one for one in given[POINT_LIMIT:] if one.get("chosen")][:1]


def _summary(raw: Mapping[str, Any], tried: int) -> str:
    limits: Mapping[str, Any] = raw.get("limits") or {}
    drop = limits.get("max_drop_points")
    wanted = [
        "" if drop is None else f"accuracy lost at most {points(drop)} {'point' if points(drop) == '1' else 'points'}",
        "" if limits.get("max_latency_ms") is None else f"at most {significant(limits['max_latency_ms'])} ms",
        "" if limits.get("max_bytes") is None else f"at most {size(limits['max_bytes'])}",
    ]
    goal = shortened(raw.get("goal") or "", NAME_LIMIT)
    asked = ", ".join([*([f"goal {goal}"] if goal else []), *(one for one in wanted if one)])
    judged: Mapping[str, Any] = raw.get("judged_on") or {}
    source = shortened(judged.get("set") or "", NAME_LIMIT)
    parts = [
        f"Asked for: {asked}." if asked else "",
        "" if raw.get("met") is None else "Met." if raw["met"] else "Not met; the best that was found is shown.",
        f"{tried:,} candidates were tried in {seconds(raw.get('seconds'))}." if raw.get("seconds") is not None else "",
        f"They were judged on {judged['n']:,} {source} samples." if judged.get("n") is not None else "",
    ]
    return " ".join(part for part in parts if part)


def _candidate(one: Mapping[str, Any], unit: str) -> Candidate:
    loss, latency = one.get("loss_points"), one.get("latency")
    return Candidate(
        name=shortened(one.get("name") or "unnamed", NAME_LIMIT),
        summary=shortened(one.get("summary") or "", TEXT_LIMIT),
        loss_points=loss,
        loss=MISSING if loss is None else points(loss).replace("-", "−"),
        latency_value=latency,
        latency=MISSING if latency is None else f"{significant(latency)} {unit}".rstrip(),
        bytes=one.get("bytes"),
        size=size(one.get("bytes")),
        agreement_value=one.get("agreement"),
        agreement=percent(one.get("agreement")),
        front=bool(one.get("front")),
        chosen=bool(one.get("chosen")),
    )


def _dot(one: Candidate) -> Dot:
    kind = "chosen" if one.chosen else "front" if one.front else "other"
    assert one.latency_value is not None
    assert one.loss_points is not None
    return Dot(one.latency_value, one.loss_points, kind, f"{one.name}: {one.loss} points, {one.latency}, {one.size}")
