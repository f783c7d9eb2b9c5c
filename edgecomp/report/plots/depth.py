"""Figures of each layer over the depth of the network, as shapes that a page can draw at any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgecomp.report.formats import decibels, share, size
from edgecomp.report.plots.axis import Tick, from_top, scale, ticks
from edgecomp.report.sections.layers import Layer, by_concern

MARK_LIMIT = 240
EACH_NUMBERED = 12
# An error of a tenth and of a hundredth of the signal, so that a look tells a good network from a bad one.
ALWAYS_SHOWN_DB = (20.0, 40.0)


@dataclass(frozen=True)
class Mark:
    """One point or bar of a plot; lengths in percent of the plot's area, from its left and its top.

    Args:
        left: left edge of the layer's band.
        width: width of the band.
        center: middle of the band.
        top: where the value lies.
        title: what a pointer over the band is told.
        label: number of the layer where it is one of the worst, else empty.
    """

    left: float
    width: float
    center: float
    top: float
    title: str
    label: str


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


def error_plot(layers: Sequence[Layer]) -> Plot | None:
    """SQNR over depth, or None where fewer than two layers have one. Layers that share a mark show their worst."""
    if sum(one.sqnr_db is not None for one in layers) < 2:
        return None
    groups = _groups(layers)
    worst = [min((one for one in group if one.sqnr_db is not None), key=_sqnr, default=None) for group in groups]
    values = [None if one is None else _sqnr(one) for one in worst]
    titles = ["" if one is None else _error_title(one) for one in worst]
    shown = [one for one in worst if one is not None]
    lowest, highest = min(shown, key=_sqnr), max(shown, key=_sqnr)
    summary = f"SQNR per layer: {decibels(lowest.sqnr_db)} in {lowest.name} to {decibels(highest.sqnr_db)}."
    bottom, step, top = scale(min(ALWAYS_SHOWN_DB[0], _sqnr(lowest)), max(ALWAYS_SHOWN_DB[1], _sqnr(highest)))
    levels = tuple(Tick(from_top(value, bottom, top), f"{value:g} dB") for value in ticks(bottom, step, top))
    return _plot(groups, values, titles, (bottom, top), levels, summary)


def clipping_plot(layers: Sequence[Layer]) -> Plot | None:
    """Clipped share over depth, or None where nothing is clipped. Layers that share a mark show their worst."""
    if not any(one.clipped_share for one in layers):
        return None
    groups = _groups(layers)
    worst = [max(group, key=lambda one: one.clipped_share or 0.0) for group in groups]
    values = [one.clipped_share or 0.0 for one in worst]
    titles = [f"{one.index}. {one.name}: {share(one.clipped_share)} clipped" for one in worst]
    most = max(worst, key=lambda one: one.clipped_share or 0.0)
    summary = f"Clipped share per layer: up to {share(most.clipped_share)}, in {most.name}."
    bottom, step, top = scale(0.0, max(values))
    levels = tuple(Tick(from_top(value, bottom, top), f"{100 * value:g}%") for value in ticks(bottom, step, top))
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
    bottom, step, top = scale(0.0, float(max(values)), least_step=1.0)
    levels = tuple(Tick(from_top(value, bottom, top), size(value)) for value in ticks(bottom, step, top))
    return _plot(groups, values, titles, (bottom, top), levels, summary)


def _error_title(layer: Layer) -> str:
    own = "" if layer.own_sqnr_db is None else f", {decibels(layer.own_sqnr_db)} by its own error alone"
    return f"{layer.index}. {layer.name}: {decibels(layer.sqnr_db)}{own}"


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
            top=from_top(values[index] or 0.0, *bounds),
            title=titles[index],
            label=next((str(one.index) for one in by_concern(groups[index]) if one.highlighted), ""),
        )
        for index in place
    )
    segments = tuple((place[index], place[index + 1]) for index in place if index + 1 in place)
    return Plot(marks, segments, levels, _places(groups, band), len(groups[0]), summary)


def _places(groups: Sequence[Sequence[Layer]], band: float) -> tuple[Tick, ...]:
    """Numbers of all layers along the horizontal axis, or of the first and about five round ones."""
    step = 1.0 if len(groups) <= EACH_NUMBERED else scale(0.0, float(len(groups)))[1]
    wanted = [0, *range(round(step) - 1, len(groups), round(step))]
    return tuple(Tick(band * (index + 0.5), str(groups[index][0].index)) for index in sorted(set(wanted)))
