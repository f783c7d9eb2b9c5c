"""Which channels were removed: what the layers were before and after, and why some channels went or stayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import count, shortened, significant, size

LAYER_LIMIT = 300
LIST_LIMIT = 50
NAME_LIMIT = 80
TEXT_LIMIT = 200
RANKINGS = {"global": "over all layers", "local": "in each layer"}
OPEN_LAYERS = 24
"""A longer table starts closed."""


@dataclass(frozen=True)
class PrunedLayer:
    """One layer before and after.

    Args:
        name: shortened to what a page can hold.
        channels: how many it gives, as "64 → 32", or "64" where none went; the same for the next two.
        macs: multiply-accumulates of one inference.
        bytes: of its weights in the INT8 file.
        before: its width before, in percent of the widest layer's.
        after: its width after, in the same percent.
    """

    name: str
    channels: str
    macs: str
    bytes: str
    before: float
    after: float


@dataclass(frozen=True)
class Reason:
    """Channels of one layer that went, or had to stay, and why."""

    layer: str
    reason: str
    channels: int | None


@dataclass(frozen=True)
class Pruned:
    """Everything of the section on pruning; false where nothing was pruned.

    Args:
        summary: what went, in a sentence or two.
        facts: (label, text) of what else is known.
        layers: in the network's order.
        layer_count: how many there are, where some are left out.
        dead: which layers made channels constant.
        frozen: layers whose channels had to stay.
        frozen_count: how many there are, where some are left out.
        open: whether the table of layers is short enough to be seen at once.
    """

    summary: str
    facts: tuple[tuple[str, str], ...]
    layers: tuple[PrunedLayer, ...]
    layer_count: int
    dead: tuple[Reason, ...]
    frozen: tuple[Reason, ...]
    frozen_count: int
    open: bool

    def __bool__(self) -> bool:
        return bool(self.summary)


def read_pruned(report: Mapping[str, Any]) -> Pruned:
    """What a report says of pruning.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Mapping[str, Any] = report.get("pruning") or {}
    layers: Sequence[Mapping[str, Any]] = raw.get("layers") or []
    frozen = raw.get("frozen") or []
    widest = max((one.get("before") or 0 for one in layers), default=0)
    return Pruned(
        summary=_summary(raw),
        facts=_facts(raw),
        layers=tuple(_layer(one, widest) for one in layers[:LAYER_LIMIT]),
        layer_count=len(layers),
        dead=tuple(_reason(one) for one in (raw.get("dead") or [])[:LIST_LIMIT]),
        frozen=tuple(_reason(one) for one in frozen[:LIST_LIMIT]),
        frozen_count=len(frozen),
        open=len(layers) <= OPEN_LAYERS,
    )


def _summary(raw: Mapping[str, Any]) -> str:
    dead, removed = raw.get("dead_channels") or 0, raw.get("removed_channels") or 0
    sentences = []
    if dead:
        went = "1 channel was dead and went" if dead == 1 else f"{dead:,} channels were dead and went"
        sentences.append(f"{went}: the same for every input, so that the float model's answers stay as they were.")
    silent = raw.get("silent_channels") or 0
    if silent:
        went = "1 channel was silent and went" if silent == 1 else f"{silent:,} channels were silent and went"
        sentences.append(f"{went}: constant on the calibration samples, which other samples need not be.")
    if removed:
        went = "1 channel was" if removed == 1 else f"{removed:,} {'more ' if dead else ''}channels were"
        sentences.append(f"{went} pruned, as the recipe asks; this changes the answers.")
    return " ".join(sentences)


def _facts(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    ranking = RANKINGS.get(raw.get("ranking") or "", raw.get("ranking"))
    ranked = ", ".join(text for text in (raw.get("importance"), ranking) if text)
    facts = (
        ("MACs", _gone(raw.get("macs"))),
        ("Parameters", _gone(raw.get("params"))),
        ("Ranked by", shortened(ranked, NAME_LIMIT)),
        ("Rounds", str(raw["rounds"]) if (raw.get("rounds") or 0) > 1 else ""),
    )
    return tuple((label, text) for label, text in facts if text)


def _gone(one: Mapping[str, Any] | None) -> str:
    """Such as "12.0 M → 5.00 M, 58.3% gone"."""
    before, after = (one or {}).get("before"), (one or {}).get("after")
    if not before or after is None:
        return ""
    return f"{count(before)} → {count(after)}, {significant(100 * (1 - after / before))}% gone"


def _layer(one: Mapping[str, Any], widest: int) -> PrunedLayer:
    before, after = one.get("before") or 0, one.get("after") or 0
    scale = 100 / widest if widest else 0.0
    return PrunedLayer(
        name=shortened(one.get("name") or "unnamed", NAME_LIMIT),
        channels=_change(f"{before:,}", f"{after:,}"),
        macs=_change(count(one.get("macs_before")), count(one.get("macs_after"))),
        bytes=_change(size(one.get("bytes_before")), size(one.get("bytes_after"))),
        before=before * scale,
        after=min(after, before) * scale,
    )


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _reason(one: Mapping[str, Any]) -> Reason:
    name = shortened(one.get("layer") or "unnamed", NAME_LIMIT)
    return Reason(name, shortened(one.get("reason") or "", TEXT_LIMIT), one.get("channels"))
