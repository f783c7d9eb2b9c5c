"""What training won back: each training in a row, and its figure on held-out samples epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgecomp.report.formats import count, seconds, shortened, significant
from edgecomp.report.plots.axis import Tick, from_top, scale, ticks
from edgecomp.report.plots.depth import Mark, Plot

LIST_LIMIT = 30
TEXT_LIMIT = 200
POINT_LIMIT = 240
"""Epochs that are drawn; of a longer training every so many."""


@dataclass(frozen=True)
class Training:
    """One training.

    Args:
        name: of it.
        before: the held-out figure at its start, as text; the same for the next.
        after: with the weights that were kept.
        best: which epoch those are of.
        time: wall time.
        stopped: why it ended.
        note: what else is known, in a few words, or empty.
    """

    name: str
    before: str
    after: str
    best: str
    time: str
    stopped: str
    note: str


@dataclass(frozen=True)
class TrainingSection:
    """Everything of the section on training; false where nothing was trained.

    Args:
        metric: what the figures are.
        trainings: in the order in which they ran.
        facts: (label, text) of what else is known.
        plot: the figure over all epochs, or None where there are too few.
        epochs: the same in numbers: training, epoch and figure.
    """

    metric: str
    trainings: tuple[Training, ...]
    facts: tuple[tuple[str, str], ...]
    plot: Plot | None
    epochs: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.trainings)


def read_training(report: Mapping[str, Any]) -> TrainingSection:
    """What a report says of training.

    Args:
        report: a report that `validate_report` accepts.
    """
    raw: Sequence[Mapping[str, Any]] = [one for one in report.get("training") or [] if one][:LIST_LIMIT]
    if not raw:
        return TrainingSection("", (), (), None)
    metric = shortened(raw[0].get("metric") or "figure", 40)
    held = raw[0].get("held")
    epochs = _epochs(raw)
    facts = (
        ("Judged on", f"{held:,} samples that were not trained on" if held else ""),
        ("Photos were", shortened(raw[0].get("augmentation") or "", TEXT_LIMIT)),
    )
    return TrainingSection(
        metric=metric,
        trainings=tuple(_training(one) for one in raw),
        facts=tuple((label, text) for label, text in facts if text),
        plot=_plot(epochs, metric),
        epochs=tuple(
            (shortened(name, 80), "" if number is None else f"{number:,}", _figure(value, metric))
            for _, name, number, value in epochs
        ),
    )


def _training(one: Mapping[str, Any]) -> Training:
    metric = one.get("metric") or ""
    macs = one.get("macs")
    notes = [f"{count(macs)} MACs" if macs else ""]
    if one.get("kept") is False:
        notes.append("the file without it was no worse and was kept")
    return Training(
        name=shortened(one.get("name") or "training", 80),
        before=_figure(one.get("before"), metric),
        after=_figure(one.get("after"), metric),
        best="" if one.get("best") is None else f"{one['best']:,}",
        time=seconds(one.get("seconds")),
        stopped=shortened(one.get("stopped") or "", TEXT_LIMIT),
        note=", ".join(note for note in notes if note),
    )


def _figure(value: float | None, metric: str) -> str:
    """Shares in percent, errors as they are."""
    if value is None:
        return "not measured"
    return f"{100 * value:.2f}%" if metric in ("accuracy", "agreement") else significant(value)


Epoch = tuple[int, str, int | None, float]
"""Number and name of the training, the epoch, and the figure after it."""


def _epochs(raw: Sequence[Mapping[str, Any]]) -> list[Epoch]:
    """Every epoch that was measured, or as many evenly spread as a plot can hold."""
    epochs = [
        (number, one.get("name") or "training", epoch.get("epoch"), float(epoch["value"]))
        for number, one in enumerate(raw)
        for epoch in one.get("history") or []
        if epoch and epoch.get("value") is not None
    ]
    return epochs[:: -(-len(epochs) // POINT_LIMIT) or 1]


def _plot(epochs: Sequence[Epoch], metric: str) -> Plot | None:
    """The figure on held-out samples after each epoch; trainings follow each other, and no line joins them."""
    if len(epochs) < 3:
        return None
    values = [value for *_, value in epochs]
    bottom, rise, top = scale(min(values), max(values))
    band = 100 / len(epochs)
    marks = tuple(
        Mark(
            left=band * index,
            width=band,
            center=band * (index + 0.5),
            top=from_top(value, bottom, top),
            title=f"{shortened(name, 80)}, epoch {epoch}: {_figure(value, metric)}",
            label="",
        )
        for index, (_, name, epoch, value) in enumerate(epochs)
    )
    starts = [index for index, (number, *_) in enumerate(epochs) if index == 0 or epochs[index - 1][0] != number]
    segments = tuple((index, index + 1) for index in range(len(epochs) - 1) if index + 1 not in starts)
    places = tuple(Tick(marks[index].center, shortened(epochs[index][1], 24)) for index in starts)
    levels = tuple(Tick(from_top(value, bottom, top), _level(value, metric)) for value in ticks(bottom, rise, top))
    last = _figure(values[-1], metric)
    summary = f"{metric} on held-out samples over {len(epochs)} epochs: from {_figure(values[0], metric)} to {last}."
    return Plot(marks, segments, levels, places, 1, summary[0].upper() + summary[1:])


def _level(value: float, metric: str) -> str:
    return f"{100 * value:g}%" if metric in ("accuracy", "agreement") else f"{value:g}"
