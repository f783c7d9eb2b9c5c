"""What the answers are worth: every figure beside the float model's, and whether the difference is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, points, shortened, significant
from edgecomp.report.plots.span import SpanPlot, span_plot
from edgecomp.report.sections.names import PERCENTAGES, text_of, title_of

FIGURE_LIMIT = 30
CLASS_LIMIT = 300
FLIP_LIMIT = 20
WORDS_LIMIT = 6
NAME_LIMIT = 80
TEXT_LIMIT = 600
CHANCE = 0.05
"""P values from here on are taken for chance, as the words of an evaluation take them."""
CLASS_FIGURES = ("f1", "iou", "map", "recall", "precision")


@dataclass(frozen=True)
class FigureRow:
    """One figure of both models.

    Args:
        name: for people.
        reference: the float model's, as text.
        reference_span: its 95% interval, or empty.
        ours: ours.
        ours_span: its interval, or empty.
        change: ours less the float model's, or empty.
        tone: "better" or "worse" where the change is beyond chance, as far as that is known; else empty.
    """

    name: str
    reference: str
    reference_span: str
    ours: str
    ours_span: str
    change: str
    tone: str


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Args:
        name: shortened to what a page can hold.
        n: samples of it; None where not counted.
        reference: the float model's figure, or None.
        ours: ours, or None.
        change: ours less the float model's, or None.
    """

    name: str
    n: int | None
    reference: float | None
    ours: float | None
    change: float | None


@dataclass(frozen=True)
class Pairs:
    """How often both models were right on the very same samples; what McNemar's test looks at."""

    both: int | None
    lost: int
    won: int
    neither: int | None
    p: str


@dataclass(frozen=True)
class Flipped:
    """Answers of one class that became another."""

    was: str
    became: str
    count: int


@dataclass(frozen=True)
class Accuracy:
    """Everything of the section on accuracy; false where nothing was evaluated.

    Args:
        task: what the model is for.
        n: samples.
        figures: the one that counts most first.
        words: what the comparison means, in sentences.
        pairs: the fourfold table, or None.
        drop: the loss with its interval, or None.
        needed: how many samples would settle on which side of the budget the loss lies; empty where these do.
        class_figure: which figure `classes` has.
        classes: those that lost most first.
        class_count: how many there are, where some are left out.
        flips: the most frequent first.
        divergence: of the probabilities from the float model's, as text, or empty.
    """

    task: str
    n: int | None
    figures: tuple[FigureRow, ...]
    words: tuple[str, ...]
    pairs: Pairs | None
    drop: SpanPlot | None
    needed: str
    class_figure: str
    classes: tuple[ClassRow, ...]
    class_count: int
    flips: tuple[Flipped, ...]
    divergence: str

    def __bool__(self) -> bool:
        return bool(self.figures or self.words or self.flips)


def read_accuracy(report: Mapping[str, Any]) -> Accuracy:
    """What a report says of the answers.

    Args:
        report: a report that `validate_report` accepts; older ones have nothing of it.
    """
    evaluation: Mapping[str, Any] = report.get("evaluation") or {}
    files: Mapping[str, Any] = evaluation.get("files") or {}
    reference, ours = files.get("float") or {}, files.get("compressed") or {}
    comparison: Mapping[str, Any] = evaluation.get("comparison") or {}
    key, classes = _classes(reference, ours)
    divergence = comparison.get("divergence")
    return Accuracy(
        task=shortened(evaluation.get("task") or "", NAME_LIMIT),
        n=evaluation.get("n"),
        figures=tuple(_rows(reference, ours, comparison))[:FIGURE_LIMIT],
        words=tuple(shortened(one, TEXT_LIMIT) for one in (comparison.get("words") or [])[:WORDS_LIMIT] if one),
        pairs=_pairs(comparison),
        drop=_drop(comparison),
        needed=samples_needed(report),
        class_figure=title_of(key) if key else "",
        classes=tuple(classes[:CLASS_LIMIT]),
        class_count=len(classes),
        flips=tuple(_flip(one) for one in (comparison.get("flips") or [])[:FLIP_LIMIT] if one),
        divergence="" if divergence is None else f"{significant(divergence)} nats",
    )


def samples_needed(report: Mapping[str, Any]) -> str:
    """What sample size would resolve the budget, in a sentence; empty where these samples do, or there is no budget."""
    comparison: Mapping[str, Any] = (report.get("evaluation") or {}).get("comparison") or {}
    allowed, n, needed = (comparison.get(name) for name in ("max_drop_points", "n", "samples_needed"))
    low, high = comparison.get("low"), comparison.get("high")
    if allowed is None or n is None or low is None or high is None or 100 * high <= allowed or 100 * low > allowed:
        return ""
    span = f"the loss lies between {_points(low)} and {_points(high)} points (95%), on both sides of the budget"
    if needed is None:
        return f"On {n:,} samples {span}, and no number of samples would settle it."
    return f"On {n:,} samples {span}; about {max(needed, n + 1):,} samples would settle it."


def _points(share: float) -> str:
    return points(100 * share).replace("-", "−")


def _rows(reference: Mapping[str, Any], ours: Mapping[str, Any], comparison: Mapping[str, Any]) -> list[FigureRow]:
    headline = (ours.get("metric") or reference.get("metric") or {}).get("name")
    rows = []
    if headline:
        values = [(one.get("metric") or {}).get("value") for one in (reference, ours)]
        rows.append(_row(headline, values, (reference.get("interval"), ours.get("interval")), _told(comparison)))
    names = dict.fromkeys([*(ours.get("figures") or {}), *(reference.get("figures") or {})])
    for name in names:
        values = [(one.get("figures") or {}).get(name) for one in (reference, ours)]
        if values != [None, None] and name != headline:
            rows.append(_row(name, values))
    return rows


def _row(
    name: str,
    values: Sequence[float | None],
    spans: tuple[Sequence[float] | None, Sequence[float] | None] = (None, None),
    tone: str = "",
) -> FigureRow:
    reference, ours = values
    return FigureRow(
        name=title_of(name),
        reference=text_of(name, reference),
        reference_span=_span(name, spans[0]),
        ours=text_of(name, ours),
        ours_span=_span(name, spans[1]),
        change=_change(name, reference, ours),
        tone=tone,
    )


def _told(comparison: Mapping[str, Any]) -> str:
    """Whether the figure that counts most is better or worse than the float model's beyond chance."""
    low, high = comparison.get("low"), comparison.get("high")
    p = comparison.get("p_value", comparison.get("p"))
    # An interval may leave out zero by a hair where the exact test does not: then both are not said.
    if low is None or high is None or (p is not None and p >= CHANCE):
        return ""
    return "worse" if low > 0 else "better" if high < 0 else ""


def _change(name: str, reference: float | None, ours: float | None) -> str:
    if reference is None or ours is None:
        return ""
    if text_of(name, reference) == text_of(name, ours):
        return "same"
    change = ours - reference
    sign, size = "+" if change > 0 else "−", abs(change)
    if name not in PERCENTAGES:
        return f"{sign}{significant(size, 2)}"
    text = points(100 * size)
    return f"{sign}{text} {'point' if text == '1' else 'points'}"


def _span(name: str, ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{text_of(name, ends[0])} to {text_of(name, ends[1])}"


def _pairs(comparison: Mapping[str, Any]) -> Pairs | None:
    lost, won, n = comparison.get("lost"), comparison.get("won"), comparison.get("n")
    if lost is None or won is None:
        return None
    both = comparison.get("both")
    p = comparison.get("p_value", comparison.get("p"))
    neither = None if both is None or n is None else max(0, n - both - lost - won)
    chance = MISSING if p is None else "< 0.001" if p < 0.001 else f"= {significant(p, 2)}"
    return Pairs(both, lost, won, neither, chance)


def _drop(comparison: Mapping[str, Any]) -> SpanPlot | None:
    drop, low, high = (comparison.get(key) for key in ("drop", "low", "high"))
    if drop is None or low is None or high is None or not low <= drop <= high:
        return None
    allowed = comparison.get("max_drop_points")
    budget = "" if allowed is None else f"; the budget is {points(allowed)}"
    lost = f"{points(100 * abs(drop))} points {'gained' if drop < 0 else 'lost'}"
    summary = f"{lost}; the loss lies between {_points(low)} and {_points(high)} (95%){budget}."
    return span_plot(100 * drop, 100 * low, 100 * high, limit=allowed, unit="", summary=summary)


def _classes(reference: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[str, list[ClassRow]]:
    """Which figure, and every class with it; those that lost most first, then the weakest."""
    both = [[one for one in side.get("classes") or [] if one] for side in (reference, ours)]
    key = next((name for name in CLASS_FIGURES if any(name in one for side in both for one in side)), "")
    before = {one.get("name"): one.get(key) for one in both[0]}
    rows = [_class(one, before.get(one.get("name")), one.get(key)) for one in both[1]] or [
        _class(one, one.get(key), None) for one in both[0]
    ]
    return key, sorted(rows, key=lambda one: (one.change or 0.0, 1.0 if one.ours is None else one.ours))


def _class(one: Mapping[str, Any], reference: float | None, ours: float | None) -> ClassRow:
    change = None if reference is None or ours is None else ours - reference
    return ClassRow(shortened(one.get("name") or "unnamed", NAME_LIMIT), one.get("n"), reference, ours, change)


def _flip(one: Mapping[str, Any]) -> Flipped:
    was, became = (shortened(one.get(key) or "unnamed", NAME_LIMIT) for key in ("from", "to"))
    return Flipped(was, became, one.get("count") or 0)
