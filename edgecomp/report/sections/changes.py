"""Which answers changed: by class, and the samples themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, rounded_percent, shortened, significant
from edgecomp.report.sections.pictures import PictureBudget

CLASS_LIMIT = 100
SAMPLE_LIMIT = 24
NAME_LIMIT = 80
TEXT_LIMIT = 600
ENLARGED_BELOW = 64
"""Pixels a side, below which a picture is shown enlarged, pixel by pixel."""


@dataclass(frozen=True)
class ChangedClass:
    """Answers of one class of the float model.

    Args:
        name: of the class.
        n: samples that the float model answers so.
        changed: how many of them are answered otherwise.
        share: the same as a share, 0 to 1.
        became: what they are answered with.
        lost: of them, right before and wrong now; None without labels.
        won: the other way round.
    """

    name: str
    n: int | None
    changed: int
    share: float | None
    became: str
    lost: int | None
    won: int | None


@dataclass(frozen=True)
class ChangedSample:
    """One sample that is answered otherwise.

    Args:
        name: where it came from.
        picture: as a data address, or empty.
        small: whether the picture has few pixels.
        was: the float model's answer, with its score.
        became: ours.
        label: the right one, or empty.
        effect: "now wrong", "now right", "wrong both times", or empty without labels.
        tone: "worse", "better", or empty.
        values: of inputs that are no photos, in words.
    """

    name: str
    picture: str
    small: bool
    was: str
    became: str
    label: str
    effect: str
    tone: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """Everything that is said of changed answers; false where nothing is.

    Args:
        words: how many, in a sentence.
        classes: those with most changes first.
        samples: those that the float model was surest of first.
        changed: how many samples changed, or None.
    """

    words: str
    classes: tuple[ChangedClass, ...]
    samples: tuple[ChangedSample, ...]
    changed: int | None

    def __bool__(self) -> bool:
        return bool(self.words or self.classes or self.samples)


def read_changes(report: Mapping[str, Any], pictures: PictureBudget) -> Changes:
    """What a report says of changed answers.

    Args:
        report: a report that `validate_report` accepts.
        pictures: what the page can still hold.
    """
    raw: Mapping[str, Any] = (report.get("evaluation") or {}).get("changes") or {}
    return Changes(
        words=shortened(raw.get("words") or "", TEXT_LIMIT),
        classes=tuple(_class(one) for one in (raw.get("classes") or [])[:CLASS_LIMIT] if one),
        samples=tuple(_sample(one, pictures) for one in (raw.get("samples") or [])[:SAMPLE_LIMIT] if one),
        changed=raw.get("changed"),
    )


def _class(one: Mapping[str, Any]) -> ChangedClass:
    became = [f"{_name(other.get('name'))} ({other.get('count') or 0:,})" for other in one.get("became") or [] if other]
    return ChangedClass(
        name=_name(one.get("name")),
        n=one.get("n"),
        changed=one.get("changed") or 0,
        share=one.get("share"),
        became=", ".join(became[:3]),
        lost=one.get("lost"),
        won=one.get("won"),
    )


def _sample(one: Mapping[str, Any], pictures: PictureBudget) -> ChangedSample:
    before, after = one.get("was_right"), one.get("became_right")
    effects: dict[tuple[bool | None, bool | None], tuple[str, str]] = {
        (True, False): ("now wrong", "worse"),
        (False, True): ("now right", "better"),
        (False, False): ("wrong both times", ""),
    }
    effect, tone = effects.get((before, after), ("", ""))
    return ChangedSample(
        name=shortened(one.get("name") or MISSING, NAME_LIMIT),
        picture=pictures.take(one.get("image")),
        small=max(one.get("width") or 0, one.get("height") or 0) < ENLARGED_BELOW,
        was=_answer(one.get("was"), one.get("was_score")),
        became=_answer(one.get("became"), one.get("became_score")),
        label="" if one.get("label") is None else _name(one["label"]),
        effect=effect,
        tone=tone,
        values=tuple(_values(part) for part in (one.get("summary") or [])[:4] if part),
    )


def _name(text: str | None) -> str:
    return shortened(text or "unnamed", NAME_LIMIT)


def _answer(name: str | None, score: float | None) -> str:
    return _name(name) if score is None else f"{_name(name)} ({rounded_percent(score)})"


def _values(part: Mapping[str, Any]) -> str:
    first = ", ".join(significant(value) for value in (part.get("first") or [])[:8] if value is not None)
    low, high = part.get("low"), part.get("high")
    ends = "" if low is None or high is None else f" from {significant(low)} to {significant(high)}"
    text = f"{part.get('input') or 'input'}{ends}" + (f": {first}" if first else "")
    return shortened(text.replace("-", "−"), 200)
