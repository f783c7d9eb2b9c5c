"""What was measured, as JSON and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...evaluate.assess import Assessment
from ...evaluate.statistics.paired import samples_to_resolve
from ...evaluate.statistics.words import comparison_words, difference_words
from ...evaluate.tasks.figures import class_name

MOST_FLIPS = 20


def file_data(name: str, task: str | None, found: Assessment) -> dict[str, Any]:
    """The figures of the file that is judged."""
    return {"file": name, "task": task, "n": found.n, **figures_data(found)}


def against_data(name: str, found: Assessment) -> dict[str, Any]:
    """The figures of the other file."""
    return {"file": name, **figures_data(found)}


def comparison_data(found: Assessment, max_drop: float | None, names: Sequence[str]) -> dict[str, Any]:
    """How the file differs from the other one.

    Args:
        found: of the file that is judged.
        max_drop: percentage points that may be lost, or None.
        names: of the classes, or empty.
    """
    data: dict[str, Any] = {
        "divergence": found.divergence,
        "flips": [
            {"from": class_name(names, one.was), "to": class_name(names, one.became), "count": one.count}
            for one in found.flips[:MOST_FLIPS]
        ],
        "changed_samples": list(found.changed),
    }
    if found.paired is not None:
        paired = found.paired
        needed = None if max_drop is None else samples_to_resolve(paired, max_drop / 100)
        return {
            **data,
            **asdict(paired),
            "max_drop_points": max_drop,
            "within_budget": None if max_drop is None else 100 * paired.drop <= max_drop,
            "samples_needed": needed,
            "words": comparison_words(paired, max_drop),
        }
    if found.figures is not None:
        interval = found.difference_interval
        return {
            **data,
            "difference_interval": None if interval is None else list(interval),
            "words": difference_words(found.figures.name, interval, more_is_better=found.figures.more_is_better),
        }
    return {**data, "words": []}


def figures_data(found: Assessment) -> dict[str, Any]:
    """What labels say of one file; only "metric", and that null, without any."""
    if found.figures is None:
        return {"metric": None}
    data = found.figures.to_dict()
    return {
        "metric": found.metric.to_dict() if found.metric else None,
        "interval": data["interval"],
        "interval_method": data["method"],
        "figures": data["others"],
        "classes": data["classes"],
        "confusion": data["confusion"],
    }
