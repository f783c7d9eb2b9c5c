"""Whether both models still look at the same things: maps of what their answers hang on, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import MISSING, rounded_percent, shortened, significant
from edgecomp.report.sections.changes import ENLARGED_BELOW
from edgecomp.report.sections.pictures import PictureBudget
from edgecomp.report.subject import subject_of

SAMPLE_LIMIT = 8
CELL_LIMIT = 256
NAME_LIMIT = 80
TEXT_LIMIT = 900
FAINTEST = 0.06
"""Share of a map's maximum below which a cell is not drawn."""


@dataclass(frozen=True)
class Cell:
    """A cell that matters: its place in the grid, and how much, 0 to 1 of the map's maximum."""

    column: int
    row: int
    weight: float


@dataclass(frozen=True)
class HeatMap:
    """One model's map.

    Args:
        title: whose it is.
        cells: those that matter.
        most: the names of the three that matter most, or their places.
    """

    title: str
    cells: tuple[Cell, ...]
    most: str


@dataclass(frozen=True)
class MappedSample:
    """One sample with its maps.

    Args:
        name: where it came from.
        picture: as a data address, or empty.
        small: whether the picture has few pixels.
        answer: what it is answered with.
        changed: whether the answer changed.
        maps: float, ours, and perhaps Grad-CAM.
        similarity: how alike float's and ours are, in words.
    """

    name: str
    picture: str
    small: bool
    answer: str
    changed: bool
    maps: tuple[HeatMap, ...]
    similarity: str


@dataclass(frozen=True)
class Attention:
    """Everything that is said of maps; false where there are none.

    Args:
        words: what they show.
        facts: (label, text) of what else is known.
        columns: of the grid.
        rows: of the grid.
        samples: the maps.
    """

    words: str
    facts: tuple[tuple[str, str], ...]
    columns: int
    rows: int
    samples: tuple[MappedSample, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.samples)


def read_attention(report: Mapping[str, Any], pictures: PictureBudget) -> Attention:
    """What a report says of maps.

    Args:
        report: a report that `validate_report` accepts.
        pictures: what the page can still hold.
    """
    raw: Mapping[str, Any] = (report.get("evaluation") or {}).get("attention") or {}
    rows, columns = raw.get("grid") or (0, 0)
    samples = [one for one in raw.get("samples") or [] if one][:SAMPLE_LIMIT]
    drawable = 0 < rows * columns <= CELL_LIMIT
    subject = subject_of(report)
    titles = {
        "float": subject.reference,
        "compressed": subject.ours,
        "gradcam": f"Grad-CAM of {subject.reference.lower()}",
    }
    names = [shortened(one, NAME_LIMIT) for one in raw.get("cells") or [] if one is not None]
    return Attention(
        words=shortened(raw.get("words") or "", TEXT_LIMIT),
        facts=_facts(raw),
        columns=columns,
        rows=rows,
        samples=tuple(_sample(one, titles, names, pictures) for one in samples) if drawable else (),
    )


def _facts(raw: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    chance: Mapping[str, Any] = raw.get("chance") or {}
    done, asked = raw.get("done"), raw.get("asked")
    facts = (
        ("Rank correlation", _against_chance(raw.get("rank_correlation"), chance.get("rank_correlation"), _real)),
        ("Overlap of what matters most", _against_chance(raw.get("overlap"), chance.get("overlap"), rounded_percent)),
        ("Occlusion with Grad-CAM", _real((raw.get("gradcam") or {}).get("rank_correlation"))),
        ("Samples", "" if done is None else f"{done:,}" + (f" of {asked:,}" if asked and asked != done else "")),
    )
    return tuple((label, text) for label, text in facts if text and text != MISSING)


def _against_chance(value: float | None, chance: float | None, text: Callable[[float | None], str]) -> str:
    if value is None:
        return ""
    return text(value) + ("" if chance is None else f" (maps of different samples: {text(chance)})")


def _real(value: float | None) -> str:
    return MISSING if value is None else significant(value, 2).replace("-", "−")


def _sample(
    one: Mapping[str, Any], titles: Mapping[str, str], names: Sequence[str], pictures: PictureBudget
) -> MappedSample:
    maps = [_map(title, one[key], names) for key, title in titles.items() if one.get(key)]
    correlation, overlap = one.get("rank_correlation"), one.get("overlap")
    parts = [
        "" if correlation is None else f"rank correlation {_real(correlation)}",
        "" if overlap is None else f"overlap {rounded_percent(overlap)}",
    ]
    return MappedSample(
        name=shortened(one.get("name") or MISSING, NAME_LIMIT),
        picture=pictures.take(one.get("image")),
        small=max(one.get("width") or 0, one.get("height") or 0) < ENLARGED_BELOW,
        answer=shortened(one.get("answer") or MISSING, NAME_LIMIT),
        changed=bool(one.get("changed")),
        maps=tuple(maps),
        similarity=", ".join(part for part in parts if part),
    )


def _map(title: str, grid: Sequence[Sequence[float | None] | None], names: Sequence[str]) -> HeatMap:
    """Cells as shares of the map's own maximum; what speaks against the answer is left out."""
    cells = [
        Cell(column, row, value)
        for row, line in enumerate(grid)
        for column, value in enumerate(line or ())
        if value is not None and value > 0
    ][:CELL_LIMIT]
    most = max((one.weight for one in cells), default=0.0)
    ranked = sorted(cells, key=lambda one: -one.weight)[:3]
    shown = [Cell(one.column, one.row, round(one.weight / most, 2)) for one in cells if one.weight >= FAINTEST * most]
    return HeatMap(title, tuple(shown), ", ".join(_cell_name(one, names) for one in ranked))


def _cell_name(cell: Cell, names: Sequence[str]) -> str:
    if cell.column < len(names):
        return names[cell.column]
    return f"row {cell.row + 1}, column {cell.column + 1}"
