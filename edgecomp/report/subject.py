"""What a report is about, and what its two models are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from edgecomp.report.formats import shortened

NAME_LIMIT = 200
EVALUATION = "evaluation"


@dataclass(frozen=True)
class Subject:
    """A conversion for a device, or a file that was evaluated, perhaps against another.

    Args:
        kind: "conversion" or "evaluation".
        model: file name of the model.
        joint: the word between it and `other`.
        other: the device, or the file that it is held against.
        ours: what the model that is judged is called in tables.
        reference: what the one is called that it is held against.
        the_reference: the same within a sentence.
        short_reference: the same in a word or two.
        reference_kind: what kind of file it is, as far as reports go without saying; or empty.
        compared: whether there is such a file.
    """

    kind: str
    model: str
    joint: str
    other: str
    ours: str
    reference: str
    the_reference: str = "the float model"
    short_reference: str = "float"
    reference_kind: str = "float32"
    compared: bool = True


def subject_of(report: Mapping[str, Any]) -> Subject:
    """What a report is about.

    Args:
        report: a report that `validate_report` accepts.
    """
    model, target = shortened(model_name(report), NAME_LIMIT), shortened(report["target"], NAME_LIMIT)
    if report.get("kind") != EVALUATION:
        return Subject("conversion", model, "for", target, "edgecomp", "Float")
    against = report.get("against")
    joint, other = ("against", PurePath(against).name) if against else ("on", target)
    names = ("This file", "Reference", "the reference", "the reference", "")
    return Subject(EVALUATION, model, joint, shortened(other, NAME_LIMIT), *names, compared=bool(against))


def model_name(report: Mapping[str, Any]) -> str:
    """The file name of the model that was converted or evaluated."""
    path = (report.get("source") or {}).get("path") or ""
    return PurePath(path).name or "a model handed over in Python"
