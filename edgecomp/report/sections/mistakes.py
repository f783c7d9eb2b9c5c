"""What looks like a mistake and not like a bad model: named first, before any figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import shortened

LIMIT = 12
LEAD_LIMIT = 160
TEXT_LIMIT = 900
LEAST_WORDS = 3
"""A lead is a statement; what has fewer words before its colon is a path or a name."""


@dataclass(frozen=True)
class Mistake:
    """One finding.

    Args:
        lead: what is wrong, with the colon or comma that follows it.
        detail: what shows it and what to do; empty where the lead says it all.
    """

    lead: str
    detail: str

    @property
    def sentence(self) -> str:
        """The whole of it."""
        return f"{self.lead} {self.detail}".rstrip()


def read_mistakes(report: Mapping[str, Any]) -> tuple[Mistake, ...]:
    """What a report says was found.

    Args:
        report: a report that `validate_report` accepts.
    """
    said = (report.get("evaluation") or {}).get("diagnosis") or []
    return tuple(_mistake(text) for text in dict.fromkeys(said) if text)[:LIMIT]


def other_warnings(report: Mapping[str, Any]) -> list[str]:
    """A report's warnings but for those that are named as mistakes."""
    named = set((report.get("evaluation") or {}).get("diagnosis") or [])
    return [text for text in report.get("warnings") or [] if text and text not in named]


def _mistake(text: str) -> Mistake:
    """Cut behind the statement that it begins with."""
    for mark in (": ", ", such as ", "; "):
        lead, found, _ = text.partition(mark)
        if found and len(lead.split()) >= LEAST_WORDS:
            end = len(lead) + 1
            return Mistake(shortened(text[:end], LEAD_LIMIT), shortened(text[end + 1 :], TEXT_LIMIT))
    return Mistake(shortened(text, TEXT_LIMIT), "")
