"""A picture of a front: what each point loses and how long it takes, in SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, EDGE = 720, 420, 60
COLOURS = {"candidate": "#8a8f98", "front": "#0b6e4f", "float": "#1f4e9c", "stock": "#a83c09"}


def front_svg(points: Sequence[dict[str, Any]], latency_unit: str) -> str:
    """Loss in points against latency, the front joined; every point says on hovering what it is."""
    xs = [float(one["latency"]) for one in points] or [1.0]
    ys = [float(one["loss_points"]) for one in points] or [0.0]
    left, right = _padded(min(xs), max(xs))
    low, high = _padded(min(0.0, *ys), max(ys))

    def place(one: dict[str, Any]) -> tuple[float, float]:
        across = (float(one["latency"]) - left) / (right - left)
        up = (float(one["loss_points"]) - low) / (high - low)
        return EDGE + across * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)

    best = sorted((one for one in points if one["front"]), key=lambda one: float(one["latency"]))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(one) for one in best))
    marks = "".join(_mark(one, *place(one)) for one in points)
    unit = "ms predicted" if latency_unit == "ms" else "multiply-accumulates"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>Accuracy lost against latency</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{_axes(left, right, low, high)}'
        f'<polyline points="{line}" fill="none" stroke="{COLOURS["front"]}" stroke-width="1.5"/>{marks}'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">{unit}</text>'
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">'
        "points of accuracy lost</text></svg>\n"
    )


def _axes(left: float, right: float, low: float, high: float) -> str:
    bottom, top, start, end = HEIGHT - EDGE, EDGE, EDGE, WIDTH - EDGE
    parts = [f'<path d="M{start} {top}V{bottom}H{end}" fill="none" stroke="#444"/>']
    for step in range(5):
        x, y = start + step * (end - start) / 4, bottom - step * (bottom - top) / 4
        across = _short(left + step * (right - left) / 4)
        parts.append(
            f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{across}</text>'
            f'<text x="{start - 8}" y="{y + 4:.0f}" text-anchor="end">{low + step * (high - low) / 4:.1f}</text>'
        )
    return "".join(parts)


def _mark(one: dict[str, Any], x: float, y: float) -> str:
    kind = one["kind"] if one["kind"] != "candidate" else "front" if one["front"] else "candidate"
    told = f"{one['name']}: {one['loss_points']:.2f} points, {one['bytes']} bytes; {one['summary']}"
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[kind]}">'
    end = "</circle>"
    if kind in ("float", "stock"):
        shape = f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{COLOURS[kind]}">'
        end = f'</rect><text x="{x + 9:.1f}" y="{y - 7:.1f}">{kind}</text>'
        return f"{shape}<title>{escape(told)}</title>{end}"
    ring = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="#000"/>' if one["chosen"] else ""
    return f"{shape}<title>{escape(told)}</title>{end}{ring}"


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
    return low - room if low else 0.0, high + room


def _short(value: float) -> str:
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    for power, letter in ((9, "G"), (6, "M"), (3, "k")):
        if size >= power:
            return f"{value / 10**power:.3g}{letter}"
    return f"{value:.3g}"
