"""The changes in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence

from ..tasks.figures import class_name
from .changes import Changes


def changes_words(found: Changes, names: Sequence[str]) -> str:
    """What changed, for people.

    Args:
        found: the changes.
        names: of the classes, or empty.
    """
    if not found.changed:
        return f"None of {found.n} answers changed."
    said = f"{found.changed} of {found.n} answers changed ({found.changed / found.n:.1%})"
    most = found.classes[0]
    if found.changed > 1 and most.changed > 1:
        said += f", {most.changed} of them where the reference says {class_name(names, most.answer)}"
    lost, won = (sum(getattr(one, name) or 0 for one in found.classes) for name in ("lost", "won"))
    if most.lost is not None:
        said += f"; {lost} right {'answer was' if lost == 1 else 'answers were'} lost and {won} won"
    surest = found.samples[0]
    if surest.was_score is None:
        return f"{said}."
    return f"{said}. The reference was {surest.was_score:.0%} sure of the surest of them."
