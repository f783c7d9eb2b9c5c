"""The per-layer figures as a page shows them: rows in order of concern."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import decibels, share, shortened

# What keeps a page under 2 MB even where every character of every name has to be escaped.
NAME_LIMIT = 80
NOTE_LIMIT = 80
TENSOR_LIMIT = 120
TYPE_LIMIT = 30
ROW_LIMIT = 500
HIGHLIGHTED = 5


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
        own_sqnr_db: the same of the error that the layer itself adds, or None.
        clipped_share: share of its values that lie outside what it can represent, 0 to 1, or None.
        bytes: size of its constants in the file, or None.
        macs: multiply-accumulates per inference, or None.
        highlighted: whether it is one of the worst, which the plots mark.
        tensor: name of its output in the file, shortened; empty where the report does not say.
        range: smallest and largest of its values, or None.
        representable: smallest and largest value that its output can hold, or None.
        concern_db: what layers are ordered by, the lowest first: `own_sqnr_db` where the report has it of any layer,
            since most of what arrives at a layer was made before it; else `sqnr_db`.
    """

    index: int
    name: str
    op: str
    dtype: str
    note: str
    sqnr_db: float | None
    own_sqnr_db: float | None
    clipped_share: float | None
    bytes: int | None
    macs: int | None
    highlighted: bool
    tensor: str
    range: tuple[float, float] | None
    representable: tuple[float, float] | None
    concern_db: float | None


def read_layers(report: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The layers of a report in network order.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Sequence[Mapping[str, Any]] = report.get("layers") or []
    figure = "own_sqnr_db" if any(one.get("own_sqnr_db") is not None for one in raw) else "sqnr_db"
    measured = sorted(
        (index for index, one in enumerate(raw) if one.get(figure) is not None), key=lambda index: raw[index][figure]
    )
    # To mark half of a small network would mark nothing.
    worst = set(measured[: min(HIGHLIGHTED, sum(one.get("sqnr_db") is not None for one in raw) // 4)])
    return tuple(_layer(index, one, one.get(figure), index in worst) for index, one in enumerate(raw))


def by_concern(layers: Iterable[Layer]) -> list[Layer]:
    """The layers with the largest error first, those without a measured one by size after them."""
    return sorted(
        layers,
        key=lambda one: (_or_endless(one.concern_db), _or_endless(one.sqnr_db), -(one.bytes or 0), one.index),
    )


def layers_summary(layers: Sequence[Layer]) -> str:
    """What stands out, in one sentence, or an empty string where nothing was measured."""
    measured = [one for one in layers if one.sqnr_db is not None]
    if not measured:
        return ""
    return " ".join(sentence for sentence in (_error_sentence(measured), _clipping_sentence(layers)) if sentence)


def _error_sentence(measured: Sequence[Layer]) -> str:
    worst = by_concern(measured)[0]
    if worst.own_sqnr_db is None:
        blamed = f"The largest error is in {worst.name}, with an SQNR of {decibels(worst.sqnr_db)}"
    else:
        blamed = f"{worst.name} adds the most error: alone it would leave an SQNR of {decibels(worst.own_sqnr_db)}"
    middle = sorted(_or_endless(one.sqnr_db) for one in measured)[len(measured) // 2]
    return f"{blamed}. Half of the layers have an SQNR of {decibels(middle)} or more."


def _clipping_sentence(layers: Sequence[Layer]) -> str:
    known = [one for one in layers if one.clipped_share is not None]
    if not known:
        return ""
    most = max(known, key=lambda one: one.clipped_share or 0.0)
    if not most.clipped_share:
        return "No layer's values are clipped."
    return f"The most clipping is in {most.name}: {share(most.clipped_share)} of its values."


def _or_endless(value: float | None) -> float:
    return math.inf if value is None else value


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])


def _layer(index: int, one: Mapping[str, Any], concern_db: float | None, highlighted: bool) -> Layer:
    return Layer(
        index=index + 1,
        name=shortened(one.get("name") or f"layer {index + 1}", NAME_LIMIT),
        op=shortened(one.get("op") or "", TYPE_LIMIT),
        dtype=shortened(one.get("dtype") or "", TYPE_LIMIT),
        note=shortened(one.get("note") or "", NOTE_LIMIT),
        sqnr_db=one.get("sqnr_db"),
        own_sqnr_db=one.get("own_sqnr_db"),
        clipped_share=one.get("clipped_share"),
        bytes=one.get("bytes"),
        macs=one.get("macs"),
        highlighted=highlighted,
        tensor=shortened(one.get("tensor") or "", TENSOR_LIMIT),
        range=_pair(one.get("range")),
        representable=_pair(one.get("representable")),
        concern_db=concern_db,
    )
