"""The per-layer figures as a page shows them: rows in order of concern, and two plots over the network's depth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import count, decibels, shortened, size

# What keeps a page under 2 MB even where every character of every name has to be escaped.
NAME_LIMIT = 100
NOTE_LIMIT = 80
TYPE_LIMIT = 30
ROW_LIMIT = 750
HIGHLIGHTED = 5
MARK_LIMIT = 240


@dataclass(frozen=True)
class Layer:
    """One layer of the quantized network.

    Args:
        index: its place in the network's order, from 1.
        name: its name, shortened to what a page can hold.
        op: the kind of operation.
        dtype: what it was quantized to, where the report says so.
        note: a remark on it, where there is one.
        sqnr_db: signal-to-quantization-noise ratio of its output in dB, or None.
        bytes: size of its constants in the file, or None.
        macs: multiply-accumulates per inference, or None.
        highlighted: whether it is one of the worst, which the plot marks.
    """

    index: int
    name: str
    op: str
    dtype: str
    note: str
    sqnr_db: float | None
    bytes: int | None
    macs: int | None
    highlighted: bool


@dataclass(frozen=True)
class Mark:
    """One point or bar of a plot; lengths in percent of the plot's area, from its left and its top.

    Args:
        left: left edge of the layer's band.
        width: width of the band.
        center: middle of the band.
        top: where the value lies.
        title: what a pointer over the band is told.
        highlighted: whether it is one of the worst.
    """

    left: float
    width: float
    center: float
    top: float
    title: str
    highlighted: bool


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in percent from the left or from the top, and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """One figure per layer over the depth of the network.

    Args:
        marks: in network order.
        segments: index pairs into `marks` of neighbours that a line may join: nothing unmeasured lies between them.
        levels: ticks of the vertical axis.
        places: ticks of the horizontal axis, numbered as the layers are.
        layers_per_mark: 1, or how many neighbouring layers share a mark in a network too deep to draw each.
        summary: the plot in one sentence, for those who cannot see it.
    """

    marks: tuple[Mark, ...]
    segments: tuple[tuple[int, int], ...]
    levels: tuple[Tick, ...]
    places: tuple[Tick, ...]
    layers_per_mark: int
    summary: str


def read_layers(report: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The layers of a report in network order.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Sequence[Mapping[str, Any]] = report.get("layers") or []
    measured = sorted(
        (index for index, one in enumerate(raw) if one.get("sqnr_db") is not None),
        key=lambda index: raw[index]["sqnr_db"],
    )
    # To mark half of a small network would mark nothing.
    worst = set(measured[: min(HIGHLIGHTED, len(measured) // 4)])
    return tuple(_layer(index, one, index in worst) for index, one in enumerate(raw))


def by_concern(layers: Iterable[Layer]) -> list[Layer]:
    """The layers with the largest error first, those without a measured one by size after them."""
    return sorted(
        layers,
        key=lambda one: (math.inf if one.sqnr_db is None else one.sqnr_db, -(one.bytes or 0), one.index),
    )


def error_plot(layers: Sequence[Layer]) -> Plot | None:
    """SQNR over depth, or None where fewer than two layers have one. Layers that share a mark show their worst."""
    if sum(one.sqnr_db is not None for one in layers) < 2:
        return None
    groups = _groups(layers)
    worst = [min((one for one in group if one.sqnr_db is not None), key=_sqnr, default=None) for group in groups]
    values = [None if one is None else _sqnr(one) for one in worst]
    titles = ["" if one is None else f"{one.index}. {one.name}: {decibels(one.sqnr_db)}" for one in worst]
    shown = [one for one in worst if one is not None]
    lowest, highest = min(shown, key=_sqnr), max(shown, key=_sqnr)
    summary = f"SQNR per layer: {decibels(lowest.sqnr_db)} in {lowest.name} to {decibels(highest.sqnr_db)}."
    bottom, step, top = _scale(min(0.0, _sqnr(lowest)), max(0.0, _sqnr(highest)))
    levels = tuple(Tick(_from_top(value, bottom, top), f"{value:g} dB") for value in _ticks(bottom, step, top))
    return _plot(groups, values, titles, (bottom, top), levels, summary)


def size_plot(layers: Sequence[Layer]) -> Plot | None:
    """Bytes over depth, or None where fewer than two layers have any. Layers that share a mark add up."""
    if sum(bool(one.bytes) for one in layers) < 2:
        return None
    groups = _groups(layers)
    values = [sum(one.bytes or 0 for one in group) for group in groups]
    titles = [
        f"{group[0].index}. {group[0].name}: {size(total)}"
        if len(group) == 1
        else f"{group[0].index} to {group[-1].index}: {size(total)}"
        for group, total in zip(groups, values, strict=True)
    ]
    largest = max(layers, key=lambda one: one.bytes or 0)
    summary = f"Size per layer: the largest is {largest.name} with {size(largest.bytes)} of {size(sum(values))}."
    bottom, step, top = _scale(0.0, float(max(values)), least_step=1.0)
    levels = tuple(Tick(_from_top(value, bottom, top), size(value)) for value in _ticks(bottom, step, top))
    return _plot(groups, values, titles, (bottom, top), levels, summary)


def layers_summary(layers: Sequence[Layer]) -> str:
    """What stands out, in one sentence, or an empty string where nothing was measured."""
    measured = [one for one in layers if one.sqnr_db is not None]
    if not measured:
        return ""
    lowest = min(measured, key=_sqnr)
    middle = sorted(_sqnr(one) for one in measured)[len(measured) // 2]
    heaviest = max(layers, key=lambda one: one.macs or 0)
    work = f" The most MACs, {count(heaviest.macs)}, are in {heaviest.name}." if heaviest.macs else ""
    return (
        f"The largest error is in {lowest.name}, with an SQNR of {decibels(lowest.sqnr_db)}; "
        f"half of the layers have {decibels(middle)} or more.{work}"
    )


def _layer(index: int, one: Mapping[str, Any], highlighted: bool) -> Layer:
    return Layer(
        index=index + 1,
        name=shortened(one.get("name") or f"layer {index + 1}", NAME_LIMIT),
        op=shortened(one.get("op") or "", TYPE_LIMIT),
        dtype=shortened(one.get("dtype") or "", TYPE_LIMIT),
        note=shortened(one.get("note") or "", NOTE_LIMIT),
        sqnr_db=one.get("sqnr_db"),
        bytes=one.get("bytes"),
        macs=one.get("macs"),
        highlighted=highlighted,
    )


def _sqnr(layer: Layer) -> float:
    return math.inf if layer.sqnr_db is None else layer.sqnr_db


def _groups(layers: Sequence[Layer]) -> list[Sequence[Layer]]:
    """Neighbouring layers by the mark they share, at most `MARK_LIMIT` marks."""
    per_mark = math.ceil(len(layers) / MARK_LIMIT)
    return [layers[start : start + per_mark] for start in range(0, len(layers), per_mark)]


def _plot(
    groups: Sequence[Sequence[Layer]],
    values: Sequence[float | None],
    titles: Sequence[str],
    bounds: tuple[float, float],
    levels: tuple[Tick, ...],
    summary: str,
) -> Plot:
    band = 100 / len(groups)
    place = {
        group: index for index, group in enumerate(index for index, value in enumerate(values) if value is not None)
    }
    marks = tuple(
        Mark(
            left=band * index,
            width=band,
            center=band * (index + 0.5),
            top=_from_top(values[index] or 0.0, *bounds),
            title=titles[index],
            highlighted=any(one.highlighted for one in groups[index]),
        )
        for index in place
    )
    segments = tuple((place[index], place[index + 1]) for index in place if index + 1 in place)
    return Plot(marks, segments, levels, _places(groups, band), len(groups[0]), summary)


def _places(groups: Sequence[Sequence[Layer]], band: float) -> tuple[Tick, ...]:
    """About five layer numbers along the horizontal axis, the first and round ones after it."""
    _, step, _ = _scale(0.0, float(len(groups)), least_step=1.0)
    wanted = [0, *range(round(step) - 1, len(groups), round(step))]
    return tuple(Tick(band * (index + 0.5), str(groups[index][0].index)) for index in sorted(set(wanted)))


def _scale(low: float, high: float, least_step: float = 0.0) -> tuple[float, float, float]:
    """Bottom, step and top of an axis that holds both values, in about four round steps (1, 2 or 5 times 10^n)."""
    span = max(high - low, abs(high) * 1e-6, 1e-9)
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(least_step, next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999))
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return bottom, step, max(top, bottom + step)


def _ticks(bottom: float, step: float, top: float) -> list[float]:
    return [bottom + step * index for index in range(round((top - bottom) / step) + 1)]


def _from_top(value: float, bottom: float, top: float) -> float:
    return 100 * (top - value) / (top - bottom)
