"""What the model costs, and what that is worth where it will run: one score for each scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, count, milliseconds, percent, points, shortened, significant, size, times

LIMIT = 12
NAME_LIMIT = 80
TEXT_LIMIT = 400


@dataclass(frozen=True)
class CostRow:
    """One cost of both models.

    Args:
        title: which.
        reference: the float model's.
        ours: ours.
        gain: how much less ours is, "2.00×"; an em dash where there is none.
        gain_value: the same as a number, or None.
        tone: "better", "worse" or empty.
        source: where the figures came from.
    """

    title: str
    reference: str
    ours: str
    gain: str
    gain_value: float | None
    tone: str
    source: str


@dataclass(frozen=True)
class Part:
    """One cost's share of a score: its weight, and what the score is multiplied by."""

    title: str
    weight: str
    gain: str
    factor: str


@dataclass(frozen=True)
class Scenario:
    """One place where the model may run.

    Args:
        title: which.
        score: "2.31×"; an em dash where it could not be formed.
        score_value: the same as a number, or None.
        width: length of its bar in percent of the highest score's.
        loss: whether the float model is worth more there.
        covered: share of the weight that figures were there for, as text.
        missing: costs that were not measured, or empty.
        words: the score in a sentence.
        parts: what it is made of.
    """

    title: str
    score: str
    score_value: float | None
    width: float
    loss: bool
    covered: str
    missing: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Cost:
    """Everything of the section on cost; false where nothing was counted."""

    rows: tuple[CostRow, ...]
    scenarios: tuple[Scenario, ...]

    def __bool__(self) -> bool:
        return bool(self.rows or self.scenarios)


def read_cost(report: Mapping[str, Any]) -> Cost:
    """What a report says of costs.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Mapping[str, Any] = report.get("cost") or {}
    quantities = [one for one in raw.get("quantities") or [] if one][:LIMIT]
    titles = {one.get("name"): one.get("title") for one in quantities}
    scenarios = [one for one in raw.get("scenarios") or [] if one][:LIMIT]
    highest = max((one.get("score") or 0.0 for one in scenarios), default=0.0)
    return Cost(
        tuple(_row(one) for one in quantities if one.get("value") is not None),
        tuple(_scenario(one, titles, highest) for one in scenarios),
    )


def _row(one: Mapping[str, Any]) -> CostRow:
    unit, gain = one.get("unit") or "", one.get("gain")
    return CostRow(
        title=shortened(one.get("title") or one.get("name") or "unnamed", NAME_LIMIT),
        reference=_figure(one.get("reference"), unit),
        ours=_figure(one.get("value"), unit),
        gain=MISSING if gain is None else times(gain),
        gain_value=gain,
        tone="" if gain is None or 0.995 <= gain <= 1.005 else "better" if gain > 1 else "worse",
        source=shortened(one.get("source") or "", NAME_LIMIT),
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return MISSING
    match unit:
        case "ms":
            return milliseconds(value)
        case "bytes":
            return size(value)
        case "points":
            shown = points(abs(value))
            unit_of_it = "point" if shown == "1" else "points"
            return f"{shown} {unit_of_it} {'gained' if value < 0 and shown != '0' else 'lost'}"
        case "":
            return count(value)
        case _:
            return f"{significant(value)} {shortened(unit, 20)}"


def _scenario(one: Mapping[str, Any], titles: Mapping[Any, Any], highest: float) -> Scenario:
    def named(name: Any) -> str:
        return shortened(titles.get(name) or str(name or "unnamed"), NAME_LIMIT)

    score, covered = one.get("score"), one.get("covered")
    parts = [
        Part(
            named(part.get("name")),
            percent(part.get("weight")),
            MISSING if part.get("gain") is None else times(part["gain"]),
            MISSING if part.get("factor") is None else times(part["factor"]),
        )
        for part in one.get("parts") or []
        if part
    ]
    title = one.get("title") or one.get("name") or "unnamed"
    return Scenario(
        title=shortened(title[:1].upper() + title[1:], NAME_LIMIT),
        score=MISSING if score is None else times(score),
        score_value=score,
        width=0.0 if score is None or highest <= 0 else max(0.0, 100 * score / highest),
        loss=score is not None and score < 1,
        covered="" if covered is None else f"{100 * covered:.0f}%",
        missing=", ".join(named(name).lower() for name in (one.get("missing") or [])[:LIMIT]),
        words=shortened(one.get("words") or "", TEXT_LIMIT),
        parts=tuple(parts[:LIMIT]),
    )
