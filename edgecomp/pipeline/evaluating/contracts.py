"""What the inputs and outputs of files mean that are evaluated together: one contract for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from ...data import Dataset, PreparedSet, Resolved, prepared, resolve_preprocess
from ...errors import InputError
from ...evaluate.metrics import Outputs
from ...evaluate.tasks.choosing import detect_task, judged_contract
from ..answers import describe_outputs
from ..float_file import DESCRIBED_SAMPLES
from ..workbench import Workbench
from .runnable import Runnable


def input_contract(models: list[Runnable], preprocess: str | None, dataset: Dataset) -> tuple[Contract, Resolved]:
    """How raw values become the inputs of all models, and why so.

    Raises:
        InputError: nobody says how.
    """
    first = models[0]
    images = dataset.kind == "images"
    if preprocess is None:
        for model in models:
            if model.contract is not None:
                made = Resolved(parse_preprocess(model.contract.preprocess), "as the bundle's contract says")
                return replace(first.contract or model.contract, inputs=model.contract.inputs), made
    opened = next((model for model in models if model.opened is not None), None)
    if opened is None:
        if preprocess is None or preprocess.startswith("auto"):
            raise InputError(
                f"{first.name} is quantized and does not say how its input was scaled: pass --preprocess, or evaluate "
                "the bundle it came in"
            )
        resolved = Resolved(parse_preprocess(preprocess), "as given")
    else:
        assert opened.opened is not None
        resolved = resolve_preprocess(
            preprocess or "auto",
            opened_inputs=opened.inputs,
            dataset=dataset,
            keras_model=opened.opened.original.keras_model,
            tflite=opened.file,
        )
    contract = build_contract(resolved.preprocess, first.inputs, first.outputs, images=images)
    return opened.opened.scaled(contract) if opened is not None and opened.opened is not None else contract, resolved


def output_contract(
    contract: Contract, model: Runnable, dataset: Dataset, *, labels: Sequence[str], task: str | None, bench: Workbench
) -> tuple[Contract, str | None]:
    """What the outputs mean, and the task that they are judged by.

    Args:
        contract: as `input_contract` gives it.
        model: the model whose outputs tell; a bundle has said already what they mean.
        dataset: the samples.
        labels: class names, or empty.
        task: as the user named it, or None to tell it by shapes and labels.
        bench: where to run a few samples.

    Returns:
        the contract, and the task; None where there are no labels to judge by.
    """
    samples = prepared(dataset, contract)
    check_any(samples)
    few = list(islice(samples, DESCRIBED_SAMPLES))
    outputs = _few_outputs(contract, model.file, [one.feeds for one in few], bench)
    wanted = [one.label for one in few if one.label is not None]
    named = task is not None
    if wanted and task is None:
        task = _task_told(contract, outputs, wanted)
    if model.contract is None:
        classes = task in ("classification", "keyword")
        contract = describe_outputs(contract, outputs, labels=labels, class_labels=classes)
    if task is not None and (named or task != "regression"):  # numbers for a classifier are a mistake, unless asked for
        contract = judged_contract(task, contract, outputs)
    return contract, task if wanted else None


def task_of(contract: Contract, file: bytes, samples: PreparedSet, bench: Workbench) -> tuple[Contract, str | None]:
    """The task that samples are judged by, of a model whose outputs are described already.

    Args:
        contract: says what the outputs mean.
        file: a .tflite that answers right.
        samples: a few are run, to see what outputs and labels look like.
        bench: where to run them.

    Returns:
        the contract to judge by, and the task; None where there are no labels.
    """
    few = list(islice(samples, DESCRIBED_SAMPLES))
    wanted = [one.label for one in few if one.label is not None]
    if not wanted:
        return contract, None
    outputs = _few_outputs(contract, file, [one.feeds for one in few], bench)
    task = _task_told(contract, outputs, wanted)
    return contract if task == "regression" else judged_contract(task, contract, outputs), task


def _task_told(contract: Contract, outputs: list[Outputs], labels: Sequence[Any]) -> str:
    return detect_task(
        [one.shape for one in contract.inputs],
        [one.shape for one in contract.outputs],
        labels,
        class_itself=not np.issubdtype(outputs[0][0].dtype, np.floating),
    )


def _few_outputs(contract: Contract, file: bytes, few: list[dict[str, Any]], bench: Workbench) -> list[Outputs]:
    found: list[Outputs] = bench.worker.call(
        "edgecomp.evaluate.run:run_samples", file, contract, threads=bench.threads, stream=few
    )
    return found


def check_any(samples: PreparedSet) -> None:
    """Refuses a set of which no sample can be read."""
    if next(iter(samples), None) is None:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in samples.dataset.skipped[:1])
        raise InputError(f"{samples.dataset.source}: no sample can be read ({reasons or 'it is empty'}); give others")
