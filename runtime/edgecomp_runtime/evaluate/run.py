"""Runs one model, or two side by side, over labelled samples, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from ..errors import InputError
from ..model import Model, Values
from ..photos import decode_photo
from .labelled import Label, Labelled, judged_output
from .metrics import Fidelity, Metric, Outputs, Score, wilson_interval


@dataclass(frozen=True)
class Evaluation:
    """What was counted.

    Args:
        n: samples that were run.
        failed: samples that could not be read or run, and count for nothing.
        metric: of the model; None without labels.
        reference_metric: of the model it was compared with; None without one, or without labels.
        agreement: share of samples that both answer with the same class, 0 to 1; None without a second model, or where
            answers are no classes.
        sqnr_db: the outputs against those of the second model, in dB; None without one, or where they are identical.
    """

    n: int
    failed: int
    metric: Optional[Metric]
    reference_metric: Optional[Metric]
    agreement: Optional[float]
    sqnr_db: Optional[float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data, with 95% intervals of shares; names and meaning as `edgecomp evaluate` has them."""
        return {
            "n": self.n,
            "failed": self.failed,
            "metric": metric_data(self.metric),
            "agreement": self.agreement,
            "agreement_interval": None if self.agreement is None else share_interval(self.agreement, self.n),
            "sqnr_db": self.sqnr_db,
        }


def metric_data(metric: Optional[Metric]) -> Optional[dict[str, Any]]:
    """A metric as JSON-ready data, a share with its interval."""
    if metric is None:
        return None
    interval = share_interval(metric.value, metric.n) if metric.name == "top1" else None
    return {**metric.to_dict(), "interval": interval}


def share_interval(share: float, n: int) -> tuple[float, float]:
    """The 95% interval of a counted share."""
    return wilson_interval(round(share * n), n)


def evaluate(
    model: Model,
    samples: Iterable[Labelled],
    *,
    against: Optional[Model] = None,
    begin: Callable[[str], object] = lambda _: None,
    on_failure: Callable[[str], object] = lambda _: None,
) -> Evaluation:
    """Counts right answers, and answers that two models share.

    Args:
        model: the model.
        samples: read one at a time, and not kept.
        against: the reference; it gets the same raw values, and prepares them by its own contract.
        begin: called with the name of each sample before it is run.
        on_failure: called with a sentence for each sample that cannot be read or does not fit.

    Raises:
        InputError: no sample can be run, or a model answers with NaN or infinity.
    """
    tally = _Tally(model, against)
    failed = 0
    for item, label in samples:
        begin(item.name)
        try:
            raw = item.read()
            if isinstance(raw, str):
                raw = decode_photo(raw)  # once for both
            answers = [_outputs(one, one.predict(raw)) for one in tally.models]
        except InputError as error:
            failed += 1
            text = str(error)
            on_failure(text if text.startswith(item.name) else f"{item.name}: {text}")
            continue
        if not all(np.isfinite(array).all() for outputs in answers for array in outputs):
            raise InputError(f"{item.name}: the model answers with NaN or infinity; leave the sample out")
        tally.add(answers, label)
    if not tally.fidelity.n:
        raise InputError(f"no sample could be run ({failed} failed); give others")
    return tally.evaluation(failed)


class _Tally:
    """What is counted of one model, or of two."""

    def __init__(self, model: Model, against: Optional[Model]) -> None:
        self.models = (model,) if against is None else (model, against)
        output = judged_output(model.contract)
        classification, threshold = output.kind == "classification", 0.5 if output.activation == "none" else 0.0
        self.fidelity = Fidelity(classification, threshold)
        self._scores = [Score(classification, threshold) for _ in self.models]

    def add(self, answers: list[Outputs], label: Label) -> None:
        self.fidelity.add(answers[-1], answers[0])
        if label is not None:
            for score, outputs in zip(self._scores, answers):
                score.add(outputs, label)

    def evaluation(self, failed: int) -> Evaluation:
        compared = len(self.models) > 1
        return Evaluation(
            n=self.fidelity.n,
            failed=failed,
            metric=self._scores[0].metric(),
            reference_metric=self._scores[1].metric() if compared else None,
            agreement=self.fidelity.agreement if compared else None,
            sqnr_db=self.fidelity.sqnr_db if compared else None,
        )


def _outputs(model: Model, predicted: Values) -> Outputs:
    """Outputs in the contract's order, the one that labels are for first."""
    if not isinstance(predicted, dict):
        return [predicted]
    first = judged_output(model.contract).name
    return [predicted[first], *(array for name, array in predicted.items() if name != first)]
