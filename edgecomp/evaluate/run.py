"""Running .tflite files on samples, through the very code that runs them on the device. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.model import Model

from ..errors import InputError
from .metrics import Fidelity, Metric, Outputs, Score

Feeds = dict[str, np.ndarray]
"""One sample in the model's own units: arrays of the inputs' shapes, by input name."""


@dataclass(frozen=True)
class Evaluation:
    """What one file scored.

    Args:
        metric: against labels; None without labels.
        agreement: share of samples answered like the reference, 0 to 1; None where answers are no classes.
        sqnr_db: of the outputs against the reference's, in dB; None where they are identical.
        n: samples run.
    """

    metric: Metric | None
    agreement: float | None
    sqnr_db: float | None
    n: int


def run_samples(model: bytes, contract: Contract, *, threads: int, stream: Iterable[Feeds]) -> list[Outputs]:
    """The outputs of every sample, float32, batch axis included; for few samples."""
    runner = _Runner(model, contract, threads)
    return [runner.outputs(feeds) for feeds in stream]


def evaluate(
    models: Mapping[str, bytes],
    contract: Contract,
    *,
    threads: int,
    class_labels: bool,
    stream: Iterable[tuple[Feeds, Any]],
) -> dict[str, Evaluation]:
    """Runs several files on the same samples, one sample at a time.

    Args:
        models: files by name; the first is the reference the others are compared with.
        contract: what their outputs mean.
        threads: threads of each interpreter.
        class_labels: whether labels are class indices; else they are arrays of the output's shape.
        stream: samples with their labels (None where there is none).

    Raises:
        InputError: the reference gives NaN or infinity for a sample, so that there is nothing to compare with.
    """
    judged = _judged_first(contract)
    classification = contract.outputs[judged[0]].kind == "classification"
    threshold = 0.5 if contract.outputs[judged[0]].activation == "none" else 0.0
    runners = {name: _Runner(model, contract, threads) for name, model in models.items()}
    scores = {name: Score(class_labels, threshold) for name in models}
    fidelity = {name: Fidelity(classification, threshold) for name in models}
    reference_name = next(iter(models))
    for number, (feeds, label) in enumerate(stream):
        given = {name: runner.outputs(feeds) for name, runner in runners.items()}
        outputs = {name: [one[position] for position in judged] for name, one in given.items()}
        if not all(np.isfinite(one).all() for one in outputs[reference_name]):
            raise InputError(f"the model gives NaN or infinity for sample {number} (counted from 0); leave it out")
        for name in models:
            fidelity[name].add(outputs[reference_name], outputs[name])
            if label is not None:
                scores[name].add(outputs[name], label)
    return {
        name: Evaluation(scores[name].metric(), fidelity[name].agreement, fidelity[name].sqnr_db, fidelity[name].n)
        for name in models
    }


def _judged_first(contract: Contract) -> list[int]:
    """Positions of the outputs, the one that answers first: the first that classifies, as `Model.classify` takes it."""
    positions = list(range(len(contract.outputs)))
    return sorted(positions, key=lambda position: contract.outputs[position].kind != "classification")


def stored_values(model: bytes, contract: Contract, *, threads: int, stream: Iterable[Feeds]) -> Any:
    """Inputs and outputs as the tensors store them, for a bundle's goldens.

    Returns:
        two lists of arrays, one per input and one per output: [samples, *shape without batch].
    """
    runner = _Runner(model, contract, threads)
    pairs = [runner.stored(feeds) for feeds in stream]
    inputs = [np.concatenate(column) for column in zip(*(pair[0] for pair in pairs), strict=True)]
    outputs = [np.concatenate(column) for column in zip(*(pair[1] for pair in pairs), strict=True)]
    return inputs, outputs


def step_difference(model: bytes, contract: Contract, *, threads: int, stream: Iterable[Feeds]) -> int | None:
    """Runs a file with and without XNNPACK and compares what the outputs store.

    Returns:
        the largest difference of an integer output in quantization steps (0 for a file with float outputs whose kernels
        agree to 1e-3 of the largest value); None when the plain kernels cannot run the file at all.

    Raises:
        EdgecompError: the file does not run with XNNPACK either.
    """
    fast = _Runner(model, contract, threads)
    try:
        plain = _Runner(model, contract, threads, delegate=False)
    except InputError:
        return None
    worst = 0
    for feeds in stream:
        for one, other in zip(fast.stored(feeds)[1], plain.stored(feeds)[1], strict=True):
            if np.issubdtype(one.dtype, np.integer):
                worst = max(worst, int(np.abs(one.astype(np.int64) - other).max(initial=0)))
            elif float(np.abs(one - other).max(initial=0)) > 1e-3 * float(np.abs(one).max(initial=1e-7)):
                worst = max(worst, 1)
    return worst


class _Runner:
    """One file in the device package's own hands, fed values that are preprocessed already."""

    def __init__(self, model: bytes, contract: Contract, threads: int, *, delegate: bool = True) -> None:
        self._model = Model.load(
            model, threads=threads, engine="ai_edge_litert", preprocess=contract, delegate=delegate
        )

    def stored(self, feeds: Feeds) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What the input and output tensors store for one sample, in the contract's order."""
        inputs = [tensor.encode(feeds[tensor.name]) for tensor in self._model.inputs]
        return inputs, self._model.run_stored(inputs)

    def outputs(self, feeds: Feeds) -> Outputs:
        """The outputs for one sample as real numbers, in the contract's order."""
        stored = self.stored(feeds)[1]
        return [tensor.decode(array) for tensor, array in zip(self._model.outputs, stored, strict=True)]
