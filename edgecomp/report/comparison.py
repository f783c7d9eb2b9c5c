"""The three-way table: the float model, the stock converter's INT8 and ours, each figure beside the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, count, decibels, milliseconds, percent, points, size, times
from edgecomp.report.subject import subject_of
from edgecomp.report.verdict import is_share, metric_text, metric_title

Variant = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One figure.

    Args:
        text: the figure with its unit, or an em dash where it was not measured.
        note: the same figure against the float model's.
        tone: "better" or "worse" than float, "invalid", or empty; a hint for colours, as `note` says it in words.
    """

    text: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """One kind of figure: its name, a remark on how it was taken, and a cell per column."""

    name: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """One model: its name and what kind of file it is."""

    name: str
    note: str


@dataclass(frozen=True)
class Comparison:
    """The whole table. A row none of whose figures were measured is left out, and so is a model that was not made."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Highlight:
    """One of the figures that a reader looks for first."""

    name: str
    figure: str
    detail: str


def compare(report: Mapping[str, Any]) -> Comparison:
    """Sets the models of a report side by side.

    Args:
        report: a report that `validate_report` accepts.
    """
    baseline: Variant = report.get("float") or {}
    ours: dict[str, Any] = {**_shared_figures(report), **_without_nulls(report.get("compressed") or {})}
    stock = report.get("stock")
    subject = subject_of(report)
    than = subject.short_reference
    models: list[tuple[Column, Variant]] = []
    if subject.compared:
        models.append((Column(subject.reference, _kind(baseline, subject.reference_kind)), baseline))
    if stock:
        models.append((Column("Stock converter", _kind(stock, "int8")), stock))
    models.append((Column(subject.ours, _kind(ours, "")), ours))
    n = next((one["metric"]["n"] for _, one in reversed(models) if (one.get("metric") or {}).get("n")), None)
    title = next((metric_title(one["metric"]) for _, one in models if one.get("metric")), "")

    allowed = (report.get("budget") or {}).get("max_drop_points")
    rows = [
        Row(
            title,
            f"{n:,} held-out samples" if n else "",
            _cells(models, lambda one, base: _metric_cell(one, base, allowed, than)),
        ),
        Row("Agreement", f"same answer as {than}", _cells(models, lambda one, _: Cell(percent(one.get("agreement"))))),
        Row("Output SQNR", f"against {than}", _cells(models, lambda one, _: Cell(decibels(one.get("sqnr_db"))))),
        Row("File size", "", _cells(models, lambda one, base: _size_cell(one, base, "bytes", than))),
        Row("Gzipped", "", _cells(models, lambda one, base: _size_cell(one, base, "gzip_bytes", than))),
        Row("Latency, p50", _where(report), _cells(models, lambda one, base: _latency_cell(one, base, than))),
        Row("Parameters", "", _cells(models, lambda one, _: Cell(count(one.get("params"))))),
        Row("MACs", "per inference", _cells(models, lambda one, _: Cell(count(one.get("macs"))))),
    ]
    measured = tuple(row for row in rows if any(cell.text != MISSING for cell in row.cells))
    return Comparison(tuple(column for column, _ in models), measured)


def highlights(report: Mapping[str, Any]) -> tuple[Highlight, ...]:
    """What our model gains and loses against float, and what the device will make of it; only what was measured."""
    baseline, ours = report.get("float") or {}, report.get("compressed") or {}
    allowed = (report.get("budget") or {}).get("max_drop_points")
    drop = report.get("drop_points")
    than = subject_of(report).short_reference
    kept = f"same as {than}" if drop == 0 else "no budget set" if allowed is None else f"budget {points(allowed)}"
    accuracy = Cell("" if drop is None else _gained(drop), kept)
    on_device = ((report.get("measured") or {}).get("latency_ms") or {}).get("p50")
    predicted = milliseconds((report.get("predicted") or {}).get("latency_ms"))
    device = (
        (predicted, "predicted") if on_device is None else (milliseconds(on_device), f"measured; predicted {predicted}")
    )
    found = [
        Highlight("Accuracy", accuracy.text, accuracy.note),
        _highlight("File", _size_cell(ours, baseline, "bytes", than)),
        _highlight("Latency here", _latency_cell(ours, baseline, than)),
        Highlight("Latency on the device", *device),
    ]
    shown = [one for one in found if one.figure not in ("", MISSING)]
    agreement = percent(report.get("agreement"))
    if len(shown) < len(found) and agreement != MISSING:
        shown.append(Highlight("Agreement", agreement, f"same answer as {than}"))
    return tuple(shown)


def _gained(drop: float) -> str:
    shown = points(abs(drop))
    sign = "" if shown == "0" else "−" if drop > 0 else "+"
    return f"{sign}{shown} {'point' if shown == '1' else 'points'}"


def _highlight(name: str, cell: Cell) -> Highlight:
    """The ratio to float first, unless there is none or it rests on an invalid measurement."""
    if cell.note and cell.tone != "invalid":
        return Highlight(name, cell.note, cell.text)
    return Highlight(name, cell.text, cell.note)


def _cells(models: list[tuple[Column, Variant]], cell: Callable[[Variant, Variant], Cell]) -> tuple[Cell, ...]:
    baseline = models[0][1]
    return tuple(cell(variant, baseline) for _, variant in models)


def _shared_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of our model that the report has at its top level."""
    return {name: report[name] for name in ("agreement", "sqnr_db") if report.get(name) is not None}


def _without_nulls(variant: Variant) -> dict[str, Any]:
    return {name: value for name, value in variant.items() if value is not None}


def _kind(variant: Variant, otherwise: str) -> str:
    scheme, io = variant.get("scheme") or otherwise, variant.get("io")
    return f"{scheme}, {io} in and out" if io and io != scheme else scheme


def _where(report: Mapping[str, Any]) -> str:
    environment = report.get("environment") or {}
    threads = environment.get("threads")
    threads_text = "" if threads is None else f"{threads} {'thread' if threads == 1 else 'threads'}"
    return ", ".join(part for part in ("on this machine", threads_text) if part)


def _metric_cell(variant: Variant, baseline: Variant, allowed: float | None, than: str) -> Cell:
    metric, reference = variant.get("metric") or {}, baseline.get("metric") or {}
    value, base = metric.get("value"), reference.get("value")
    if variant is baseline or value is None or base is None or not is_share(metric):
        return Cell(metric_text(metric))
    drop = 100 * (base - value)
    if abs(drop) < 5e-7:
        return Cell(metric_text(metric), f"same as {than}")
    unit = "point" if points(abs(drop)) == "1" else "points"
    # A loss within the budget was asked for; it is nothing to be alarmed by.
    tone = "better" if drop < 0 else "worse" if allowed is not None and drop > allowed else ""
    return Cell(metric_text(metric), f"{points(abs(drop))} {unit} {'lost' if drop > 0 else 'gained'}", tone)


def _size_cell(variant: Variant, baseline: Variant, key: str, than: str) -> Cell:
    value, base = variant.get(key), baseline.get(key)
    if value is None or variant is baseline or not value or not base:
        return Cell(size(value))
    return _against(size(value), base / value, "smaller", "larger", than)


def _latency_cell(variant: Variant, baseline: Variant, than: str) -> Cell:
    latency, reference = variant.get("latency_ms") or {}, baseline.get("latency_ms") or {}
    value, base = latency.get("p50"), reference.get("p50")
    text = milliseconds(value)
    if value is not None and latency.get("valid") is False:
        return Cell(text, "not valid", "invalid")
    if variant is baseline or not value or not base or reference.get("valid") is False:
        return Cell(text)
    return _against(text, base / value, "faster", "slower", than)


def _against(text: str, gain: float, better: str, worse: str, than: str) -> Cell:
    if 0.995 <= gain <= 1.005:
        return Cell(text, f"same as {than}")
    if gain > 1:
        return Cell(text, f"{times(gain)} {better}", "better")
    return Cell(text, f"{times(1 / gain)} {worse}", "worse")
