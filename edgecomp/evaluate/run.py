"""Running .tflite files on samples, through the very code that runs them on the device. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ..errors import InputError
from .chunks import Feeds, in_chunks
from .metrics import Fidelity, Metric, Outputs, Score
from .parallel import Runner, judged_first, run_all


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
    runner = Runner(model, contract, threads)
    return [runner.outputs(feeds) for feeds in stream]


def evaluate(
    models: Mapping[str, bytes],
    contract: Contract,
    *,
    threads: int,
    class_labels: bool,
    stream: Iterable[tuple[Feeds, Any]],
) -> dict[str, Evaluation]:
    """Runs several files on the same samples.

    Args:
        models: files by name; the first is the reference the others are compared with.
        contract: what their outputs mean.
        threads: in all; samples are spread over them.
        class_labels: whether labels are class indices; else they are arrays of the output's shape.
        stream: samples with their labels (None where there is none).

    Raises:
        InputError: the reference gives NaN or infinity for a sample, so that there is nothing to compare with.
    """
    judged = judged_first(contract)
    classification = contract.outputs[judged[0]].kind == "classification"
    threshold = 0.5 if contract.outputs[judged[0]].activation == "none" else 0.0
    scores = {name: Score(class_labels, threshold) for name in models}
    fidelity = {name: Fidelity(classification, threshold) for name in models}
    reference_name = next(iter(models))
    for ran in run_all(models, contract, threads=threads, chunks=in_chunks(stream)):
        for name in models:
            for label, exact, given in zip(ran.chunk.labels, ran.rows(reference_name), ran.rows(name), strict=True):
                fidelity[name].add(exact, given)
                if label is not None:
                    scores[name].add(given, label)
    return {
        name: Evaluation(scores[name].metric(), fidelity[name].agreement, fidelity[name].sqnr_db, fidelity[name].n)
        for name in models
    }


def stored_values(model: bytes, contract: Contract, *, threads: int, stream: Iterable[Feeds]) -> Any:
    """Inputs and outputs as the tensors store them, for a bundle's goldens.

    Returns:
        two lists of arrays, one per input and one per output: [samples, *shape without batch].
    """
    runner = Runner(model, contract, threads)
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
    fast = Runner(model, contract, threads)
    try:
        plain = Runner(model, contract, threads, delegate=False)
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
