"""What is left when the inputs get worse: one small plot for each way of making them worse, float beside compressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, percent, points, shortened
from edgecomp.report.plots.curves import CurvePlot, Interval, curve_plot
from edgecomp.report.sections.names import PERCENTAGES, text_of, title_of
from edgecomp.report.subject import subject_of

CURVE_LIMIT = 16
POINT_LIMIT = 16
NAME_LIMIT = 60
SHARES = PERCENTAGES | {"micro_f1", "miou", "map", "auc"}
ABBREVIATIONS = ("jpeg", "fgsm", "pgd")
TEXT_LIMIT = 900


@dataclass(frozen=True)
class CurveRow:
    """Both models at one strength, as text.

    Args:
        strength: how much worse the inputs were; "none" for the inputs as they are.
        reference: the float model's figure.
        ours: ours.
        lost: points lost against the float model on the very same inputs, with their interval.
        agreement: share of the same answers.
        marked: whether the loss is larger than on clean inputs, beyond chance.
    """

    strength: str
    reference: str
    ours: str
    lost: str
    agreement: str
    marked: bool


@dataclass(frozen=True)
class RobustnessCurve:
    """One way of making inputs worse.

    Args:
        name: for people.
        unit: of the strengths.
        plot: None where there is too little to draw.
        rows: the same in numbers.
        verdict: what the curve says, in a few words.
        fragile: whether compression makes the model more fragile here.
        summary: the plot in one sentence, for those who cannot see it.
    """

    name: str
    unit: str
    plot: CurvePlot | None
    rows: tuple[CurveRow, ...]
    verdict: str
    fragile: bool
    summary: str


@dataclass(frozen=True)
class Robustness:
    """Everything of the section; false where nothing was measured.

    Args:
        figure: which figure the curves have.
        curves: in the report's order.
        words: what they mean.
        stream: what a long run showed, or empty.
        samples: how many the curves were measured on, or None.
        reason: why there are no curves, or empty.
    """

    figure: str
    curves: tuple[RobustnessCurve, ...]
    words: str
    stream: str
    samples: int | None
    reason: str

    def __bool__(self) -> bool:
        return bool(self.curves or self.stream or self.reason)

    @property
    def fragile(self) -> bool:
        """Whether compression makes the model more fragile to anything that was tried."""
        return any(one.fragile for one in self.curves)


def read_robustness(report: Mapping[str, Any]) -> Robustness:
    """What a report says of worse inputs.

    Args:
        report: a report that `validate_report` accepts.
    """
    evaluation: Mapping[str, Any] = report.get("evaluation") or {}
    raw: Mapping[str, Any] = evaluation.get("robustness") or {}
    curves = [one for one in raw.get("curves") or [] if one][:CURVE_LIMIT]
    labelled = any((point or {}).get("value") is not None for one in curves for point in one.get("points") or [])
    name = _headline(evaluation) if labelled else "agreement"
    than = subject_of(report).short_reference
    ends = _ends([_Values.of(one, name) for one in curves])
    return Robustness(
        figure=title_of(name) if labelled else f"Agreement with {than}",
        curves=tuple(_curve(one, name, ends, than) for one in curves),
        words=shortened(raw.get("words") or "", TEXT_LIMIT),
        stream=shortened((evaluation.get("stream") or {}).get("words") or "", TEXT_LIMIT),
        samples=raw.get("samples"),
        reason=shortened(raw.get("reason") or "", TEXT_LIMIT),
    )


def curve_title(name: str) -> str:
    """What made the inputs worse, at the start of a line."""
    return name.upper() if name in ABBREVIATIONS else name[:1].upper() + name[1:]


def _headline(evaluation: Mapping[str, Any]) -> str:
    files = evaluation.get("files") or {}
    metric = ((files.get("compressed") or {}).get("metric")) or {}
    return metric.get("name") or "top1"


@dataclass(frozen=True)
class _Values:
    """What a curve has at each strength, of our model and of the float model."""

    points: tuple[Mapping[str, Any], ...]
    ours: tuple[float | None, ...]
    reference: tuple[float | None, ...]
    intervals: tuple[tuple[Interval, ...], tuple[Interval, ...]]

    @classmethod
    def of(cls, raw: Mapping[str, Any], figure: str) -> _Values:
        """Those of a figure, or of the agreement."""
        points = tuple([one for one in raw.get("points") or [] if one][:POINT_LIMIT])
        if figure == "agreement":
            nothing = (None,) * len(points)
            return cls(points, tuple(one.get("agreement") for one in points), nothing, (nothing, nothing))
        against = [one.get("against") or {} for one in points]
        return cls(
            points,
            tuple(one.get("value") for one in points),
            tuple(one.get("value") for one in against),
            (
                tuple(_interval(one.get("interval")) for one in points),
                tuple(_interval(one.get("interval")) for one in against),
            ),
        )


def _ends(curves: Sequence[_Values]) -> tuple[float, float]:
    """Least and most of all curves, so that their plots can be compared."""
    held = [value for one in curves for value in (*one.ours, *one.reference) if value is not None]
    held += [end for one in curves for side in one.intervals for span in side if span is not None for end in span]
    return (min(held), max(held)) if held else (0.0, 1.0)


def _curve(raw: Mapping[str, Any], figure: str, ends: tuple[float, float], than: str) -> RobustnessCurve:
    values = _Values.of(raw, figure)
    given = values.points
    marked = next((place for place, one in enumerate(given) if place and _fragile(one, given[0])), None)
    strengths = [_strength(one) for one in given]
    share = (figure == "agreement" or figure in SHARES) and ends[0] >= 0 and ends[1] <= 1
    name = shortened(raw.get("name") or "unnamed", NAME_LIMIT)
    verdict = _verdict(given, marked, strengths, than)
    return RobustnessCurve(
        name=curve_title(name),
        unit=shortened(raw.get("unit") or "", NAME_LIMIT),
        plot=curve_plot(strengths, values.ours, values.reference, values.intervals, marked, ends=ends, share=share),
        rows=tuple(_row(one, figure, strength, given[0]) for one, strength in zip(given, strengths, strict=True)),
        verdict=verdict,
        fragile=marked is not None,
        summary=_summary(name, figure, strengths, values, verdict),
    )


def _interval(ends: Sequence[float] | None) -> Interval:
    return None if ends is None else (ends[0], ends[1])


def _strength(one: Mapping[str, Any]) -> str:
    value = one.get("strength")
    return MISSING if value is None else "none" if value == 0 else f"{value:.3g}"


def _fragile(one: Mapping[str, Any], clean: Mapping[str, Any]) -> bool:
    """Whether the loss is clearly larger than on clean inputs: its interval lies above theirs."""
    drop, before = one.get("drop"), clean.get("drop")
    return bool(drop and before and drop[1] > before[2])


def _verdict(given: Sequence[Mapping[str, Any]], marked: int | None, strengths: Sequence[str], than: str) -> str:
    if not any(one.get("drop") for one in given):
        return ""
    if marked is None:
        return f"no more fragile than {than}"
    return f"more fragile than {than} from {strengths[marked]} on"


def _row(one: Mapping[str, Any], figure: str, strength: str, clean: Mapping[str, Any]) -> CurveRow:
    name = "top1" if figure == "agreement" else figure
    return CurveRow(
        strength=strength,
        reference=text_of(name, (one.get("against") or {}).get("value")),
        ours=text_of(name, one.get("value")),
        lost=_lost(one.get("drop")),
        agreement=percent(one.get("agreement")),
        marked=one is not clean and _fragile(one, clean),
    )


def _lost(drop: Sequence[float] | None) -> str:
    if not drop:
        return MISSING
    value, low, high = (points(100 * one).replace("-", "−") for one in drop)
    return f"{value} ({low} to {high})"


def _summary(
    name: str,
    figure: str,
    strengths: Sequence[str],
    values: _Values,
    verdict: str,
) -> str:
    if not strengths:
        return name
    shown = "top1" if figure == "agreement" else figure
    against = f", float {text_of(shown, values.reference[-1])}" if values.reference[-1] is not None else ""
    end = f"at {strengths[-1]} {text_of(shown, values.ours[-1])}{against}"
    return f"{name}: {text_of(shown, values.ours[0])} without it, {end}" + (f"; {verdict}." if verdict else ".")
