"""Small histograms of the values of the worst layers, with the range that their quantized tensor can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from edgecomp.report.formats import real, share, span
from edgecomp.report.sections.layers import Layer, by_concern

PANEL_LIMIT = 12
BIN_LIMIT = 128


@dataclass(frozen=True)
class Panel:
    """One layer's histogram, drawn in a box of `bins` by 100 units; other lengths in percent from the left.

    Args:
        layer: whose values they are.
        bins: how many bins there are.
        inside: SVG path of the bars that the quantized tensor can hold.
        outside: likewise of those that it cannot.
        held: left edge and width of what it can hold, or None where it holds any value.
        zero: where zero lies, or None where it is outside or so near an end that its label would not fit.
        low: the left end, as text.
        high: the right end.
        counts: how many values each bin has, as text.
        summary: the panel in one sentence.
    """

    layer: Layer
    bins: int
    inside: str
    outside: str
    held: tuple[float, float] | None
    zero: float | None
    low: str
    high: str
    counts: str
    summary: str


def histogram_panels(report: Mapping[str, Any], layers: Sequence[Layer]) -> tuple[Panel, ...]:
    """Panels of the layers that have a histogram, the worst first.

    Args:
        report: a report that `validate_report` accepts.
        layers: those of the report, as `read_layers` gives them.
    """
    raw = report.get("layers") or []
    panels = (_panel(layer, raw[layer.index - 1].get("histogram") or {}) for layer in by_concern(layers))
    return tuple(islice((panel for panel in panels if panel is not None), PANEL_LIMIT))


def _panel(layer: Layer, histogram: Mapping[str, Any]) -> Panel | None:
    low, high, counts = histogram.get("low"), histogram.get("high"), histogram.get("counts")
    if low is None or high is None or not counts or not any(counts) or not 0 < high - low < math.inf:
        return None
    counts = _merged(counts)
    # A few values far out decide about ranges, and a linear scale would hide them.
    heights = [100 * min(math.log1p(count) / math.log1p(max(counts)), 1.0) for count in counts]
    held = _held(layer.representable, low, high)
    width = 100 / len(counts)
    kept = [held is None or held[0] <= width * (place + 0.5) <= held[0] + held[1] for place in range(len(counts))]
    zero = 100 * -low / (high - low)
    return Panel(
        layer=layer,
        bins=len(counts),
        inside=_bars(heights, kept),
        outside=_bars(heights, [not one for one in kept]),
        held=held,
        zero=zero if 20 < zero < 80 else None,
        low=real(low),
        high=real(high),
        counts=" ".join(str(count) for count in counts),
        summary=_summary(layer),
    )


def _merged(counts: Sequence[int]) -> list[int]:
    """At most `BIN_LIMIT` bins, neighbours added up."""
    each = math.ceil(len(counts) / BIN_LIMIT)
    return [sum(counts[start : start + each]) for start in range(0, len(counts), each)]


def _held(representable: tuple[float, float] | None, low: float, high: float) -> tuple[float, float] | None:
    if representable is None:
        return None
    left, right = (min(max(100 * (end - low) / (high - low), 0.0), 100.0) for end in sorted(representable))
    return left, right - left


def _bars(heights: Sequence[float], drawn: Sequence[bool]) -> str:
    """Bars one unit wide that stand on 100; an empty bin has none."""
    return "".join(
        f"M{place} 100V{100 - height:.1f}h1V100z"
        for place, (height, wanted) in enumerate(zip(heights, drawn, strict=True))
        if wanted and height
    )


def _summary(layer: Layer) -> str:
    sentences = [f"{layer.name}: values from {span(layer.range)}." if layer.range else f"{layer.name}."]
    if layer.representable:
        sentences.append(f"Its quantized tensor holds {span(layer.representable)}.")
    if layer.clipped_share is not None:
        sentences.append(f"{share(layer.clipped_share)} of the values are clipped.")
    return " ".join(sentences)
