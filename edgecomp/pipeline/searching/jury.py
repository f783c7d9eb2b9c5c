"""The samples that candidates are chosen by. None of them is in the figures that a result is reported with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from edgecomp_runtime.contract import Contract

from ...errors import InputError
from ...evaluate.metrics import Outputs, answer, wilson_interval
from ...evaluate.parallel import judged_first
from ...evaluate.statistics.paired import compare_answers
from ...quantize.fidelity import closeness
from ..quantizing.holdout import Feeds
from ..workbench import Workbench

Measure = Literal["top1", "agreement", "error"]
Source = Literal["training", "evaluation", "calibration"]

Stream = Callable[[], Iterable[tuple[Feeds, Any]]]
"""Samples with their labels (None where there is none), from the start at each call."""

FEWEST = 20
"""With fewer, a loss says nothing at all."""


@dataclass(frozen=True)
class Judged:
    """What a file loses against the float model.

    Args:
        points: see `Figures.loss_points`.
        low: where the loss most likely lies (95%), in points; None where answers are no classes.
        high: likewise.
        agreement: share of samples answered with the same class; None where answers are no classes.
    """

    points: float
    low: float | None
    high: float | None
    agreement: float | None

    @property
    def noise(self) -> float | None:
        """Half of the width of the interval, in points."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


class Jury:
    """Judges files on the same samples, always.

    Args:
        source: which of the sets the samples are of.
        reference: the float .tflite.
        contract: what its outputs mean.
        stream: the samples.
        bench: where files run.

    Raises:
        InputError: there are too few samples.
    """

    def __init__(self, source: Source, reference: bytes, contract: Contract, stream: Stream, bench: Workbench) -> None:
        self.source: Source = source
        self._contract, self._stream, self._bench = contract, stream, bench
        self._place = judged_first(contract)[0]
        output = contract.outputs[self._place]
        self._classes = output.kind == "classification"
        self._threshold = 0.5 if output.activation == "none" else 0.0
        labels = [label for _, label in stream()]
        if len(labels) < FEWEST:
            raise InputError(
                f"there are {len(labels)} {source} samples to choose candidates by, and {FEWEST} are the fewest that "
                "tell anything: give more"
            )
        self._labels = labels if self._classes and all(_is_class(one) for one in labels) else None
        self._references = self._run(reference)

    @property
    def n(self) -> int:
        """How many samples."""
        return len(self._references)

    @property
    def measure(self) -> Measure:
        """What losses are counted in."""
        return "error" if not self._classes else "agreement" if self._labels is None else "top1"

    @property
    def accuracy(self) -> float:
        """Share of the samples that the reference answers right; NaN where there are no classes to compare."""
        if self._labels is None:
            return float("nan")
        return float((self._answers(self._references) == np.asarray(self._labels)).mean())

    def judge(self, file: bytes) -> Judged:
        """Runs a file on all samples."""
        outputs = self._run(file)
        if not self._classes:
            kinds = [one.kind == "classification" for one in self._contract.outputs]
            return Judged(100 * closeness(self._references, outputs, classes=kinds).error, None, None, None)
        wanted, given = self._answers(self._references), self._answers(outputs)
        same = wanted == given
        agreement = float(same.mean())
        if self._labels is None:
            low, high = wilson_interval(float((~same).sum()), self.n)
            return Judged(100 * (1 - agreement), 100 * low, 100 * high, agreement)
        right = np.asarray(self._labels)
        paired = compare_answers(wanted == right, given == right)
        return Judged(100 * paired.drop, 100 * paired.low, 100 * paired.high, agreement)

    def _run(self, file: bytes) -> list[Outputs]:
        outputs: list[Outputs] = self._bench.worker.call(
            "edgecomp.evaluate.run:run_samples",
            file,
            self._contract,
            threads=self._bench.threads,
            stream=(feeds for feeds, _ in self._stream()),
        )
        return outputs

    def _answers(self, outputs: list[Outputs]) -> np.ndarray:
        return np.array([answer([one[self._place]], self._threshold) for one in outputs])


def _is_class(label: Any) -> bool:
    return isinstance(label, (int, np.integer))
