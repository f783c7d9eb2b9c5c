"""A result as comparing needs it, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One measured or counted number.

    Args:
        value: in the quantity's unit.
        low: the interval that it lies in; None where there is none. What was counted is its own interval.
        high: likewise.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @staticmethod
    def exact(value: float) -> Figure:
        """A number that was counted, and is the same every time."""
        return Figure(value, value, value)


@dataclass(frozen=True)
class Device:
    """Where something was measured, as far as the result says.

    Args:
        facts: "cpu", "cpus", "board", "host", ...; none of them may differ between results of one device.
    """

    facts: Mapping[str, str]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.facts.items()) or "a device it does not name"

    def surely_same(self, other: Device) -> bool:
        """Whether two results name their CPU, and contradict each other in nothing."""
        common = self.facts.keys() & other.facts.keys()
        return "cpu" in common and all(self.facts[name] == other.facts[name] for name in common)


@dataclass(frozen=True)
class Curve:
    """What is left of the accuracy as inputs get worse.

    Args:
        unit: of the strengths.
        values: by strength, from mild to strong; 0 is the inputs as they are.
    """

    unit: str
    values: Mapping[float, float]


@dataclass(frozen=True)
class Result:
    """What one result has to compare.

    Args:
        name: for people: the file, and which part of it.
        device: where it was measured.
        setting: what ran it ("ai_edge_litert 2.3.0, 4 threads, XNNPACK").
        valid: whether its measurement counts; None where it does not say.
        reasons: why it does not.
        figures: by quantity, see `QUANTITIES`.
        model_sha256: of the .tflite that it is about; None where it does not say.
        mistakes: what looked like a mistake in it, in sentences; its figures may say nothing.
        curves: its robustness, by what made the inputs worse; of top-1 only.
    """

    name: str
    device: Device
    setting: str
    valid: bool | None
    reasons: tuple[str, ...]
    figures: Mapping[str, Figure]
    model_sha256: str | None = None
    mistakes: tuple[str, ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
