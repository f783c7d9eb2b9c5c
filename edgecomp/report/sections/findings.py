"""What the linter found of the file on its device: blockers and warnings whole, notes behind a fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import shortened

FINDING_LIMIT = 50
LAYER_LIMIT = 8
NAME_LIMIT = 80
TEXT_LIMIT = 600
URGENT = ("blocker", "warning")


@dataclass(frozen=True)
class Found:
    """One finding.

    Args:
        severity: "blocker", "warning" or "note".
        rule: the rule that found it.
        what: what was found.
        remedy: what to do, or empty.
        layers: the Keras layers it is about, in one line; empty where names tell none.
    """

    severity: str
    rule: str
    what: str
    remedy: str
    layers: str


@dataclass(frozen=True)
class Findings:
    """Everything of the section on findings; false where the report does not say.

    Args:
        summary: how many there are of each severity.
        urgent: blockers and warnings, as they are in the report.
        notes: the others.
        left_out: how many more the report has.
    """

    summary: str
    urgent: tuple[Found, ...] = ()
    notes: tuple[Found, ...] = ()
    left_out: int = 0

    def __bool__(self) -> bool:
        return bool(self.summary)


def read_findings(report: Mapping[str, Any]) -> Findings:
    """What a report says of the file on its device.

    Args:
        report: a report that `validate_report` accepts.
    """
    if report.get("findings") is None:
        return Findings("")
    raw = _findings(report)
    shown = [_found(one) for one in raw[:FINDING_LIMIT]]
    return Findings(
        summary=_counts(raw, ("blocker", "warning", "note")) or "nothing stands in the way",
        urgent=tuple(one for one in shown if one.severity in URGENT),
        notes=tuple(one for one in shown if one.severity not in URGENT),
        left_out=len(raw) - len(shown),
    )


def findings_line(report: Mapping[str, Any]) -> str:
    """One line such as "on cortex-m4 1 blocker, 2 warnings: see the report"; empty where nothing stands in the way.

    A warning that stands alone is said itself.
    """
    urgent = [one for one in _findings(report) if one.get("severity") in URGENT]
    if not urgent:
        return ""
    alone = urgent[0].get("what") if len(urgent) == 1 and urgent[0]["severity"] == "warning" else None
    counted = _counts(urgent, URGENT)
    return f"on {shortened(report['target'], NAME_LIMIT)} {counted}: {shortened(alone or 'see the report', TEXT_LIMIT)}"


def first_blocker(report: Mapping[str, Any]) -> str:
    """Why the file will not run; empty where nothing says so."""
    blockers = (one for one in _findings(report) if one.get("severity") == "blocker")
    return next((shortened(one.get("what") or "see the blockers", TEXT_LIMIT) for one in blockers), "")


def _findings(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in report.get("findings") or [] if one]


def _counts(raw: Sequence[Mapping[str, Any]], severities: Sequence[str]) -> str:
    """Such as "1 blocker, 2 warnings"; what there is none of is left out."""
    counts = {one: sum(each.get("severity") == one for each in raw) for one in severities}
    return ", ".join(f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count)


def _found(one: Mapping[str, Any]) -> Found:
    layers = [shortened(name, NAME_LIMIT) for name in one.get("layers") or [] if name]
    more = f" and {len(layers) - LAYER_LIMIT:,} more" if len(layers) > LAYER_LIMIT else ""
    return Found(
        severity=shortened(one.get("severity") or "note", NAME_LIMIT),
        rule=shortened(one.get("rule") or "", NAME_LIMIT),
        what=shortened(one.get("what") or "", TEXT_LIMIT),
        remedy=shortened(one.get("remedy") or "", TEXT_LIMIT),
        layers=", ".join(layers[:LAYER_LIMIT]) + more,
    )
