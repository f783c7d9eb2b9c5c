"""How a figure falls as inputs get worse, of a model and of its reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..assess import Assessment


@dataclass(frozen=True)
class Point:
    """Both models at one strength.

    Args:
        strength: in the curve's unit; 0 is the inputs as they are.
        value: of the figure that counts most; None without labels.
        interval: where it lies (95%), or None.
        reference: the reference's; None without one.
        reference_interval: likewise.
        drop: share of right answers that the model loses against its reference on the very same inputs, with its
            interval: (drop, low, high); None for other figures.
        agreement: share of the same answers, 0 to 1; None where answers are no classes.
    """

    strength: float
    value: float | None
    interval: tuple[float, float] | None
    reference: float | None
    reference_interval: tuple[float, float] | None
    drop: tuple[float, float, float] | None
    agreement: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "strength": self.strength,
            "value": self.value,
            "interval": _listed(self.interval),
            "against": {"value": self.reference, "interval": _listed(self.reference_interval)},
            "drop": _listed(self.drop),
            "agreement": self.agreement,
        }


@dataclass(frozen=True)
class Curve:
    """One way of making inputs worse, from none to strong.

    Args:
        name: of the corruption or attack.
        unit: of the strengths.
        points: the first is of strength 0.
    """

    name: str
    unit: str
    points: tuple[Point, ...]

    @property
    def fragile_at(self) -> Point | None:
        """The mildest strength at which the model loses clearly more against its reference than on clean inputs."""
        clean = self.points[0].drop
        if clean is None:
            return None
        worse = (one for one in self.points[1:] if one.drop is not None and one.drop[1] > clean[2])
        return next(worse, None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"name": self.name, "unit": self.unit, "points": [one.to_dict() for one in self.points]}


def point(strength: float, ours: Assessment, reference: Assessment | None) -> Point:
    """What two assessments on the same inputs say."""
    paired = ours.paired if reference is not None else None
    return Point(
        strength,
        ours.figures.value if ours.figures else None,
        ours.figures.interval if ours.figures else None,
        reference.figures.value if reference is not None and reference.figures else None,
        reference.figures.interval if reference is not None and reference.figures else None,
        None if paired is None else (paired.drop, paired.low, paired.high),
        ours.agreement if reference is not None else None,
    )


def robustness_words(curves: tuple[Curve, ...]) -> str | None:
    """What the curves mean, in a sentence or two; None where nothing was compared."""
    compared = [curve for curve in curves if curve.points[0].drop is not None]
    if not compared:
        return None
    fragile = [(curve, at) for curve in compared if (at := curve.fragile_at) is not None]
    if not fragile:
        names = ", ".join(curve.name for curve in compared)
        return f"Compression makes it no more fragile, as far as these samples tell ({names})."
    said = ", ".join(f"{curve.name} (from {at.strength:.3g}: {_points(at)})" for curve, at in fragile)
    return f"Compression makes it more fragile to {said}; on clean inputs {_points(compared[0].points[0])}."


def _points(at: Point) -> str:
    assert at.drop is not None
    lost = 100 * at.drop[0]
    return f"{abs(lost):.1f} points {'gained' if lost < 0 else 'lost'} against the reference"


def _listed(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)
