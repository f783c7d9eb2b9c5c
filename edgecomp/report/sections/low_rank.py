"""Which layers were written as several smaller ones, and what they keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, count, share, shortened

LAYER_LIMIT = 300
LIST_LIMIT = 50
NAME_LIMIT = 80
TEXT_LIMIT = 200


@dataclass(frozen=True)
class SmallerLayer:
    """One layer: what it was, what it became, the share of its outputs' variance that is kept, and its cost."""

    name: str
    was: str
    became: str
    kept: str
    macs: str


@dataclass(frozen=True)
class LowRank:
    """Everything of the section; false where no layer was changed.

    Args:
        summary: what was saved, in a sentence.
        layers: in the network's order.
        layer_count: how many there are, where some are left out.
        left_alone: (layer, reason) of those that stay.
    """

    summary: str
    layers: tuple[SmallerLayer, ...]
    layer_count: int
    left_alone: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.layers)


def read_low_rank(report: Mapping[str, Any]) -> LowRank:
    """What a report says of layers of low rank.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Mapping[str, Any] = report.get("low_rank") or {}
    layers = [one for one in raw.get("layers") or [] if one]
    alone = [one for one in raw.get("left_alone") or [] if one][:LIST_LIMIT]
    said = [
        f"{title} {_change(sides.get('before'), sides.get('after'))}"
        for title, sides in (("Multiply-accumulates:", raw.get("macs") or {}), ("Parameters:", raw.get("params") or {}))
        if sides.get("before") is not None
    ]
    return LowRank(
        summary=". ".join(said) + "." if said else "",
        layers=tuple(_layer(one) for one in layers[:LAYER_LIMIT]),
        layer_count=len(layers),
        left_alone=tuple(
            (shortened(one.get("layer") or "unnamed", NAME_LIMIT), shortened(one.get("reason") or "", TEXT_LIMIT))
            for one in alone
        ),
    )


def _layer(one: Mapping[str, Any]) -> SmallerLayer:
    return SmallerLayer(
        name=shortened(one.get("name") or "unnamed", NAME_LIMIT),
        was=shortened(one.get("is") or "", TEXT_LIMIT),
        became=shortened(one.get("becomes") or "", TEXT_LIMIT),
        kept=share(one.get("kept")),
        macs=_change(one.get("macs_before"), one.get("macs_after")),
    )


def _change(before: int | None, after: int | None) -> str:
    return MISSING if before is None or after is None else f"{count(before)} → {count(after)}"
