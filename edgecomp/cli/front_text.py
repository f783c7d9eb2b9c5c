"""A front of candidates as lines of text."""

from __future__ import annotations

from typing import Any


def front_lines(data: dict[str, Any]) -> list[str]:
    """The points that no other beats, the float model and the stock converter's file, the most precise first.

    Args:
        data: the search of a report, or `front.json`.
    """
    points = [one for one in data["points"] if one["front"] or one["chosen"] or one["kind"] != "candidate"]
    points.sort(key=lambda one: (one["loss_points"], one["latency"]))
    unit = "ms" if data["latency_unit"] == "ms" else "M MACs"
    rows = [("", "points lost", unit, "bytes", "")]
    rows += [(_name(one), _loss(one), _latency(one, unit), f"{one['bytes']:,}", one["summary"]) for one in points]
    sizes = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(sizes[0]),
                *(cell.rjust(size) for cell, size in zip(row[1:4], sizes[1:4], strict=True)),
                row[4],
            ]
        ).rstrip()
        for row in rows
    ]
    return [*lines, *_judged(data)]


def _judged(data: dict[str, Any]) -> list[str]:
    judged = data["judged_on"]
    words = {"top1": "accuracy", "agreement": "answers like the float model's", "error": "error in percent"}
    told = f"judged by {words[judged['measure']]} on {judged['n']} {judged['set']} samples"
    if data.get("noise_points"):
        told += f"; a loss is known to about {data['noise_points']:.1f} points either way"
    note = data.get("note")
    return [told, *([note] if note else [])]


def _name(one: dict[str, Any]) -> str:
    mark = "> " if one["chosen"] else "* " if one["front"] else "  "
    return mark + str(one["name"])


def _loss(one: dict[str, Any]) -> str:
    value = f"{one['loss_points']:.2f}"
    if one["low"] is None or one["kind"] == "float":
        return value
    return f"{value} ({one['low']:.1f} to {one['high']:.1f})"


def _latency(one: dict[str, Any], unit: str) -> str:
    return f"{one['latency']:.3g}" if unit == "ms" else f"{one['latency'] / 1e6:.3g}"
