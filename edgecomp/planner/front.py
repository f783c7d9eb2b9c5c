"""Pareto fronts of points whose every figure is to be small, and how much of space they dominate."""

from __future__ import annotations

from collections.abc import Sequence

Point = Sequence[float]


def dominates(one: Point, other: Point) -> bool:
    """Whether one point is nowhere worse and somewhere better."""
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def front(points: Sequence[Point]) -> list[int]:
    """Positions of the points that no other dominates, rising; of equal points the first."""
    chosen = []
    for place, point in enumerate(points):
        beaten = any(dominates(other, point) for other in points)
        repeated = any(tuple(points[earlier]) == tuple(point) for earlier in range(place))
        if not beaten and not repeated:
            chosen.append(place)
    return chosen


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The volume between a front and a reference point, which every figure is to stay below.

    By slicing along the last figure, as in While et al., "A Faster Algorithm for Calculating Hypervolume", 2006; for a
    few dozen points of two or three figures.

    Args:
        points: any; those that are not below the reference in every figure add nothing.
        reference: as many figures.
    """
    inside = [tuple(point) for point in points if all(a < b for a, b in zip(point, reference, strict=True))]
    if not inside:
        return 0.0
    if len(reference) == 1:
        return float(reference[0] - min(point[0] for point in inside))
    inside.sort(key=lambda point: point[-1])
    volume = 0.0
    for place, point in enumerate(inside):
        end = inside[place + 1][-1] if place + 1 < len(inside) else reference[-1]
        if end > point[-1]:
            volume += (end - point[-1]) * hypervolume([one[:-1] for one in inside[: place + 1]], reference[:-1])
    return float(volume)
