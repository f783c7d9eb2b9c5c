"""How few bits the weights take: over all, and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, count, decibels, share, shortened, significant, size

LAYER_LIMIT = 300
NAME_LIMIT = 80


@dataclass(frozen=True)
class WeightRow:
    """One layer; figures also as numbers, to sort by.

    Args:
        name: of the layer.
        weights: how many it has.
        zeros: share of them that are zero, 0 to 1, or None.
        values: how many different ones there are, or None.
        bits: that a weight takes, or None.
        output_db: signal to noise of what the layer gives, in dB, or None.
    """

    name: str
    weights: int | None
    zeros: float | None
    values: int | None
    bits: float | None
    output_db: float | None

    @property
    def texts(self) -> tuple[str, str, str, str, str]:
        """The figures as people read them."""
        return (
            count(self.weights),
            share(self.zeros),
            MISSING if self.values is None else f"{self.values:,}",
            MISSING if self.bits is None else significant(self.bits),
            decibels(self.output_db),
        )


@dataclass(frozen=True)
class Weights:
    """Everything of the section; false where weights are as quantization left them."""

    summary: str
    layers: tuple[WeightRow, ...]
    layer_count: int

    def __bool__(self) -> bool:
        return bool(self.summary or self.layers)


def read_weights(report: Mapping[str, Any]) -> Weights:
    """What a report says of the weights.

    Args:
        report: a report that `validate_report` accepts.
    """
    layers = [one for one in (report.get("weights") or {}).get("layers") or [] if one]
    line = weights_line(report)
    summary = f"{line[:1].upper()}{line[1:]}." if line else ""
    return Weights(summary, tuple(_row(one) for one in layers[:LAYER_LIMIT]), len(layers))


def weights_line(report: Mapping[str, Any]) -> str:
    """What the weights take, for a terminal; empty where they are as quantization left them.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Mapping[str, Any] = report.get("weights") or {}
    bits, zeros, sent = (raw.get(key) for key in ("bits_per_weight", "zeros", "transport_bytes"))
    parts = (
        "" if bits is None else f"a weight takes {significant(bits)} bits",
        "" if zeros is None else f"{share(zeros)} of the weights are zero",
        "" if sent is None else f"the file is {size(sent)} on the way to a device",
    )
    return ", ".join(part for part in parts if part)


def _row(one: Mapping[str, Any]) -> WeightRow:
    weights, zeros = one.get("weights"), one.get("zeros")
    return WeightRow(
        name=shortened(one.get("layer") or "unnamed", NAME_LIMIT),
        weights=weights,
        zeros=None if not weights or zeros is None else zeros / weights,
        values=one.get("values"),
        bits=one.get("bits_per_weight"),
        output_db=one.get("output_db"),
    )
