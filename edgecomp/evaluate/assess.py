"""Everything that labelled samples say of a file, alone or beside its reference. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from .changes.changes import Changes, find_changes
from .chunks import Chunk
from .diagnosis.label_order import Reordered, find_reordering
from .metrics import Metric, wilson_interval
from .metrics.agreement import Agreement, Flip
from .parallel import Ran, judged_first, run_all
from .statistics.bootstrap import bootstrap_interval
from .statistics.paired import Paired, compare_answers
from .tasks.anomaly import AnomalyTally
from .tasks.choosing import new_tally
from .tasks.classification import ClassificationTally
from .tasks.figures import Figures, Tally

MOST_POSITIONS = 1000
"""Positions of changed samples that are handed back."""


@dataclass(frozen=True)
class Assessment:
    """What one file scored.

    Args:
        n: samples run.
        figures: against labels; None without any.
        agreement: share of samples answered like the reference, 0 to 1; None for the reference itself, and where
            answers are no classes.
        sqnr_db: of the outputs against the reference's, in dB; None where they are identical.
        divergence: mean Kullback-Leibler divergence from the reference, in nats; None where answers are no classes.
        flips: which answers turned into which.
        changed: positions of the first samples whose answer changed.
        changes: by class and sample; None where answers are no classes.
        paired: the answers against the reference's, held against labels; None where answers are no classes.
        difference_interval: where (value - reference's value) of another task's figure lies (95%).
        reordered: a permutation of the classes that explains the errors, or None.
    """

    n: int
    figures: Figures | None = None
    agreement: float | None = None
    sqnr_db: float | None = None
    divergence: float | None = None
    flips: tuple[Flip, ...] = ()
    changed: tuple[int, ...] = ()
    changes: Changes | None = None
    paired: Paired | None = None
    difference_interval: tuple[float, float] | None = None
    reordered: Reordered | None = None

    @property
    def metric(self) -> Metric | None:
        """The figure that counts most, as report.json has it."""
        if self.figures is None or self.figures.value is None:
            return None
        return Metric(self.figures.name, self.figures.value, self.figures.n)


def assess(
    models: Mapping[str, bytes],
    contract: Contract,
    *,
    threads: int,
    task: str | None,
    intervals: bool = True,
    stream: Iterable[Chunk],
) -> dict[str, Assessment]:
    """Runs files on the same samples and counts everything that their task has figures for.

    Args:
        models: files by name; the first is the reference the others are compared with.
        contract: what their outputs mean.
        threads: in all; samples are spread over them.
        task: as `tasks.choosing` names it; None where there are no labels.
        intervals: whether to find intervals that take resampling.
        stream: samples with their labels (None where there is none), as `chunks.joined` gives them.

    Raises:
        InputError: the reference gives NaN or infinity, or a label does not fit the task.
    """
    judged = judged_first(contract)
    ordered = replace(contract, outputs=tuple(contract.outputs[one] for one in judged))
    reference = next(iter(models))
    tallies = {name: new_tally(task, ordered) for name in models} if task else {}
    agreements = {name: Agreement(ordered.outputs[0]) for name in models if name != reference}
    labelled = n = 0
    classes: list[int | None] | None = [] if isinstance(tallies.get(reference), ClassificationTally) else None
    for ran in run_all(models, contract, threads=threads, chunks=stream):
        for name, agreement in agreements.items():
            agreement.add(ran.outputs[reference], ran.outputs[name])
        n += len(ran.chunk)
        labelled += sum(label is not None for label in ran.chunk.labels)
        if classes is not None:
            classes += ran.chunk.labels
        for name, tally in tallies.items():
            _take(tally, ran, name, contract)
    counted = tallies if labelled else {}
    return {
        name: replace(
            _compared(Assessment(n), agreements.get(name), classes if labelled else None),
            **_judged(counted.get(name), counted.get(reference), ordered, intervals=intervals),
        )
        for name in models
    }


def _take(tally: Tally, ran: Ran, name: str, contract: Contract) -> None:
    labels = ran.chunk.labels
    if isinstance(tally, AnomalyTally):
        wanted = next(iter(ran.chunk.normalized(contract).values.values()))
        for outputs, label, value in zip(ran.rows(name), labels, wanted, strict=True):
            if label is not None:
                tally.add(outputs, label, value[None])
        return
    scores = ran.outputs[name][0]
    if isinstance(tally, ClassificationTally) and isinstance(scores, np.ndarray) and None not in labels:
        tally.add_all(scores, labels)
        return
    for outputs, label in zip(ran.rows(name), labels, strict=True):
        if label is not None:
            tally.add(outputs, label)


def _compared(found: Assessment, agreement: Agreement | None, classes: Sequence[int | None] | None) -> Assessment:
    """With how the answers differ from the reference's."""
    if agreement is None:
        return found
    answers = agreement.answers
    return replace(
        found,
        agreement=agreement.agreement,
        sqnr_db=agreement.sqnr_db,
        divergence=agreement.divergence,
        flips=agreement.flips,
        changed=tuple(agreement.changed[:MOST_POSITIONS]),
        changes=find_changes(answers, classes) if answers is not None else None,
    )


def _judged(tally: Tally | None, reference: Tally | None, contract: Contract, *, intervals: bool) -> dict[str, Any]:
    """What labels say, as fields of `Assessment`."""
    if tally is None or reference is None:
        return {}
    figures = _with_interval(tally, contract.outputs[0].labels, intervals)
    if isinstance(tally, ClassificationTally) and isinstance(reference, ClassificationTally):
        return {
            "figures": figures,
            "paired": compare_answers(reference.right, tally.right) if tally is not reference else None,
            "reordered": find_reordering(tally.labels, tally.answers),
        }
    if tally is reference or not intervals:
        return {"figures": figures}
    return {"figures": figures, "difference_interval": _difference(tally, reference, figures.n)}


def _with_interval(tally: Tally, names: Sequence[str], intervals: bool) -> Figures:
    figures = tally.figures(names)
    if isinstance(tally, ClassificationTally):
        right = round((figures.value or 0.0) * figures.n)
        return replace(figures, interval=wilson_interval(right, figures.n), method="wilson")
    found = bootstrap_interval(tally.headline, figures.n) if intervals else None
    return replace(figures, interval=found, method="bootstrap" if found else None)


def _difference(tally: Tally, reference: Tally, n: int) -> tuple[float, float] | None:
    """Both on the same drawn samples, so that what is hard for both does not widen the interval."""

    def lost(places: np.ndarray) -> float | None:
        ours, theirs = tally.headline(places), reference.headline(places)
        return None if ours is None or theirs is None else ours - theirs

    return bootstrap_interval(lost, n)
