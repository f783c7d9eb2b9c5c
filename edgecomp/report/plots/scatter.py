"""Points by two figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgecomp.report.plots.axis import Tick, from_left, from_top, scale, ticks


@dataclass(frozen=True)
class Dot:
    """One point: its figures, what kind it is of, and what a pointer is told."""

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Placed:
    """A dot's place in percent from the left and from the top."""

    left: float
    top: float
    kind: str
    title: str


@dataclass(frozen=True)
class Scatter:
    """Dots with their axes; those of a kind that matters come last, so that nothing hides them."""

    dots: tuple[Placed, ...]
    levels: tuple[Tick, ...]
    places: tuple[Tick, ...]
    summary: str


ORDER = ("other", "front", "chosen")


def scatter(dots: Sequence[Dot], *, x_unit: str, summary: str) -> Scatter | None:
    """Places dots, or None where there are fewer than three.

    Args:
        dots: to be placed; their kinds are those of `ORDER`.
        x_unit: behind the numbers of the horizontal axis.
        summary: the plot in one sentence, for those who cannot see it.
    """
    if len(dots) < 3:
        return None
    left, across, right = scale(0.0, max(0.0, *(one.x for one in dots)))
    bottom, up, top = scale(min(0.0, *(one.y for one in dots)), max(0.0, *(one.y for one in dots)))
    placed = [Placed(from_left(one.x, left, right), from_top(one.y, bottom, top), one.kind, one.title) for one in dots]
    rows, columns = ticks(bottom, up, top), ticks(left, across, right)
    return Scatter(
        dots=tuple(sorted(placed, key=lambda one: ORDER.index(one.kind))),
        levels=tuple(Tick(from_top(one, bottom, top), f"{one:g}".replace("-", "−")) for one in rows),
        places=tuple(Tick(from_left(one, left, right), f"{one:g} {x_unit}".rstrip()) for one in columns),
        summary=summary,
    )
