"""The answers that changed, in the shape of report.json: by class, and the samples themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...evaluate.changes.changes import Answered, Changes
from ...evaluate.changes.words import changes_words
from ...evaluate.tasks.figures import class_name
from .pictures import shown
from .setting import Setting


def changes_data(found: Changes, setting: Setting, names: Sequence[str]) -> dict[str, Any]:
    """What changed, with pictures of what the reference was surest of.

    Args:
        found: the changes.
        setting: whose samples were answered.
        names: of the classes, or empty.
    """
    there = setting.samples.at([one.position for one in found.samples])
    return {
        "n": found.n,
        "changed": found.changed,
        "classes": [
            {
                "name": class_name(names, one.answer),
                "n": one.n,
                "changed": one.changed,
                "share": one.changed / one.n,
                "became": [{"name": class_name(names, became), "count": count} for became, count in one.became],
                "lost": one.lost,
                "won": one.won,
            }
            for one in found.classes
        ],
        "samples": [
            {"name": there[one.position].name, **answered_data(one, names), **shown(there[one.position], setting)}
            for one in found.samples
            if one.position in there
        ],
        "words": changes_words(found, names),
    }


def answered_data(one: Answered, names: Sequence[str]) -> dict[str, Any]:
    """Both answers to a sample, by name."""
    right = one.label is not None
    return {
        "position": one.position,
        "label": class_name(names, one.label) if one.label is not None else None,
        "was": class_name(names, one.was),
        "was_score": one.was_score,
        "became": class_name(names, one.became),
        "became_score": one.became_score,
        "was_right": one.was == one.label if right else None,
        "became_right": one.became == one.label if right else None,
    }
