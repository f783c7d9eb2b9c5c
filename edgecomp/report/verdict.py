"""The headline: may this model ship, and why, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from edgecomp.report.findings import first_blocker
from edgecomp.report.formats import MISSING, percent, points, shortened, significant

# Metrics that are a share of right answers: only for these does a percentage, or a count of answers, make sense.
SHARES_OF_ANSWERS = ("top1", "top5", "accuracy")
METRIC_TITLES = {"top1": "Top-1 accuracy", "top5": "Top-5 accuracy", "accuracy": "Accuracy"}


@dataclass(frozen=True)
class Verdict:
    """What the budget says of a model, and whether it runs.

    Args:
        outcome: "ship", "stop", or "open" where nothing was decided.
        title: the outcome in a few words.
        reason: why, in one sentence.
        caution: what to know before relying on it, or empty.
    """

    outcome: str
    title: str
    reason: str
    caution: str = ""


def model_name(report: Mapping[str, Any]) -> str:
    """The file name of the model that was converted."""
    path = (report.get("source") or {}).get("path") or ""
    return PurePath(path).name or "a model handed over in Python"


def judge(report: Mapping[str, Any]) -> Verdict:
    """Reads the verdict off a report. `budget.met` decides, and whether the file runs; the figures explain it.

    Args:
        report: a report that `validate_report` accepts.
    """
    verdict, blocker = _on_accuracy(report), first_blocker(report)
    if not blocker:
        return verdict
    reason = f"On {shortened(report['target'], 80)} as it is: {blocker}. {verdict.reason}"
    title = verdict.title if verdict.outcome == "stop" else "Will not run"
    return replace(verdict, outcome="stop", title=title, reason=reason)


def _on_accuracy(report: Mapping[str, Any]) -> Verdict:
    budget = report.get("budget") or {}
    met, allowed, drop = budget.get("met"), budget.get("max_drop_points"), report.get("drop_points")
    limit = "the budget" if allowed is None else f"the budget of {points(allowed)} {_plural(allowed)}"
    if met is None:
        return Verdict("open", "Not judged", _open_reason(report, drop))
    if drop is None:
        reason = f"{limit.capitalize()} is {'met' if met else 'not met'}; the report does not say by how much."
    else:
        reason = f"{_figures(report)}{_drop(report, drop, allowed)}, {'within' if met else 'beyond'} {limit}."
    return Verdict("ship" if met else "stop", "Ship" if met else "Do not ship", reason, _caution(report, allowed))


def metric_text(metric: Mapping[str, Any] | None) -> str:
    """A metric's value: a percentage for a share of answers, else the bare number."""
    value = (metric or {}).get("value")
    if value is None:
        return MISSING
    return percent(value) if is_share(metric) else significant(value, 4)


def metric_title(metric: Mapping[str, Any] | None) -> str:
    """A metric's name at the start of a sentence or a row."""
    name = (metric or {}).get("name") or "accuracy"
    return METRIC_TITLES.get(name, name)


def is_share(metric: Mapping[str, Any] | None) -> bool:
    """Whether the metric is a share of right answers."""
    return (metric or {}).get("name") in SHARES_OF_ANSWERS


def _metric(report: Mapping[str, Any], variant: str) -> Mapping[str, Any]:
    return (report.get(variant) or {}).get("metric") or {}


def _open_reason(report: Mapping[str, Any], drop: float | None) -> str:
    if drop is not None:
        return f"{_figures(report)}{_drop(report, drop, None)}; no budget was set (--max-drop), so nothing is judged."
    agreement = report.get("agreement")
    agrees = "" if agreement is None else f", though its answers agree with the float model's on {percent(agreement)}"
    return f"The loss of accuracy was not measured, as that takes labelled held-out data (--eval){agrees}."


def _figures(report: Mapping[str, Any]) -> str:
    before, after = _metric(report, "float"), _metric(report, "compressed")
    if before.get("value") is None or after.get("value") is None:
        return ""
    n = after.get("n")
    on = "" if n is None else f" on {n:,} held-out samples"
    return f"{metric_title(after)} is {metric_text(after)}{on}, against {metric_text(before)} for the float model: "


def _drop(report: Mapping[str, Any], drop: float, allowed: float | None) -> str:
    if drop == 0:
        return "nothing is lost"
    metric = _metric(report, "compressed")
    n = metric.get("n")
    answers = round(abs(drop) * n / 100) if n and is_share(metric) else 0
    shown = points(abs(drop), None if allowed is None else abs(allowed))
    counted = f" ({answers:,} {'answer' if answers == 1 else 'answers'})" if answers else ""
    return f"{shown} {_plural(drop)} {'lost' if drop > 0 else 'gained'}{counted}"


def _caution(report: Mapping[str, Any], allowed: float | None) -> str:
    metric = _metric(report, "compressed")
    n = metric.get("n")
    if not n or not allowed or not is_share(metric) or 100 / n <= allowed:
        return ""
    return (
        f"With {n:,} {'sample' if n == 1 else 'samples'}, one answer is worth {points(100 / n)} {_plural(100 / n)}, "
        f"more than the whole budget: evaluate on more data before relying on this."
    )


def _plural(value: float) -> str:
    return "point" if abs(value) == 1 else "points"
