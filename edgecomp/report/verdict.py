"""The headline: may this model ship, and why, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgecomp.report.formats import percent, points, shortened
from edgecomp.report.sections.accuracy import samples_needed
from edgecomp.report.sections.findings import first_blocker
from edgecomp.report.sections.mistakes import Mistake, read_mistakes
from edgecomp.report.sections.names import SHARES_OF_ANSWERS, text_of, title_of
from edgecomp.report.slower import slower_words
from edgecomp.report.subject import subject_of


@dataclass(frozen=True)
class Verdict:
    """What the budget says of a model, whether it runs, and whether its figures can be relied on.

    Args:
        outcome: "ship", "stop", or "open" where nothing was decided.
        title: the outcome in a few words.
        reason: why, in one sentence.
        caution: what to know before relying on it, or empty.
        mistakes: what has to be put right or looked into before anything else.
    """

    outcome: str
    title: str
    reason: str
    caution: str = ""
    mistakes: tuple[Mistake, ...] = ()


def judge(report: Mapping[str, Any]) -> Verdict:
    """Reads the verdict off a report. `budget.met` decides, whether the file runs, and whether something looks wrong.

    Figures that rest on a mistake say nothing, so that a model within its budget is not to be shipped on them.

    Args:
        report: a report that `validate_report` accepts.
    """
    verdict, blocker, mistakes = _on_accuracy(report), first_blocker(report), read_mistakes(report)
    if mistakes:
        verdict = replace(_until_settled(verdict), outcome="stop", mistakes=mistakes)
    if not blocker:
        return verdict
    reason = f"On {shortened(report['target'], 80)} as it is: {blocker}. {verdict.reason}"
    title = verdict.title if verdict.outcome == "stop" else "Will not run"
    return replace(verdict, outcome="stop", title=title, reason=reason)


def _until_settled(verdict: Verdict) -> Verdict:
    """What is left of a verdict beside a mistake: a budget that is missed stays missed."""
    if verdict.outcome == "stop":
        return verdict
    reason = f"The figures cannot be relied on until this is settled. {verdict.reason}"
    return replace(verdict, title="Do not ship yet", reason=reason)


def _on_accuracy(report: Mapping[str, Any]) -> Verdict:
    budget = report.get("budget") or {}
    met, allowed, drop = budget.get("met"), budget.get("max_drop_points"), report.get("drop_points")
    limit = "the budget" if allowed is None else f"the budget of {points(allowed)} {_plural(allowed)}"
    if met is None:
        return Verdict("open", "Not judged", _open_reason(report, drop), slower_words(report))
    if drop is None:
        reason = f"{limit.capitalize()} is {'met' if met else 'not met'}; the report does not say by how much."
    else:
        reason = f"{_figures(report)}{_drop(report, drop, allowed)}, {'within' if met else 'beyond'} {limit}."
    caution = " ".join(one for one in (_caution(report, allowed), slower_words(report)) if one)
    return Verdict("ship" if met else "stop", "Ship" if met else "Do not ship", reason, caution)


def metric_text(metric: Mapping[str, Any] | None) -> str:
    """A metric's value: a percentage for a share of answers, else the bare number."""
    return text_of(_name(metric), (metric or {}).get("value"))


def metric_title(metric: Mapping[str, Any] | None) -> str:
    """A metric's name at the start of a sentence or a row."""
    return title_of(_name(metric))


def is_share(metric: Mapping[str, Any] | None) -> bool:
    """Whether the metric is a share of right answers."""
    return (metric or {}).get("name") in SHARES_OF_ANSWERS


def _name(metric: Mapping[str, Any] | None) -> str:
    return (metric or {}).get("name") or "accuracy"


def _metric(report: Mapping[str, Any], variant: str) -> Mapping[str, Any]:
    return (report.get(variant) or {}).get("metric") or {}


def _open_reason(report: Mapping[str, Any], drop: float | None) -> str:
    if drop is not None:
        return f"{_figures(report)}{_drop(report, drop, None)}; no budget was set (--max-drop), so nothing is judged."
    agreement = report.get("agreement")
    agrees = (
        ""
        if agreement is None
        else f", though its answers agree with those of {subject_of(report).the_reference} on {percent(agreement)}"
    )
    return f"The loss of accuracy was not measured, as that takes labelled held-out data (--eval){agrees}."


def _figures(report: Mapping[str, Any]) -> str:
    before, after = _metric(report, "float"), _metric(report, "compressed")
    if before.get("value") is None or after.get("value") is None:
        return ""
    named = subject_of(report).the_reference
    n = after.get("n")
    on = "" if n is None else f" on {n:,} held-out samples"
    return f"{metric_title(after)} is {metric_text(after)}{on}, against {metric_text(before)} for {named}: "


def _drop(report: Mapping[str, Any], drop: float, allowed: float | None) -> str:
    if drop == 0:
        return "nothing is lost"
    metric = _metric(report, "compressed")
    n = metric.get("n")
    answers = round(abs(drop) * n / 100) if n and is_share(metric) else 0
    shown = points(abs(drop), None if allowed is None else abs(allowed))
    counted = f" ({answers:,} {'answer' if answers == 1 else 'answers'})" if answers else ""
    return f"{shown} {_plural(drop, shown)} {'lost' if drop > 0 else 'gained'}{counted}"


def _caution(report: Mapping[str, Any], allowed: float | None) -> str:
    metric = _metric(report, "compressed")
    n = metric.get("n")
    if not n or not allowed or not is_share(metric) or 100 / n <= allowed:
        return samples_needed(report)
    return (
        f"With {n:,} {'sample' if n == 1 else 'samples'}, one answer is worth {points(100 / n)} {_plural(100 / n)}, "
        f"more than the whole budget: evaluate on more data before relying on this."
    )


def _plural(value: float, shown: str | None = None) -> str:
    return "point" if (shown or points(abs(value))) == "1" else "points"
