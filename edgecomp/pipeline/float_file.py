"""The float .tflite a run starts from, proved to be the model it came from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract

from ..data import Dataset, PreparedSet, Resolved, check_calibration, check_evaluation, prepared, resolve_preprocess
from ..errors import InputError
from ..evaluate.metrics import Outputs
from ..export.check import check_outputs, find_unfolded
from ..export.graph import FrozenGraph, freeze, reference_outputs
from ..export.normalization import Moved
from ..export.tflite import convert_graph
from ..models import OpenedModel
from ..tflite import read_tflite, with_signature
from .answers import describe_outputs
from .recipes.plan import Plan
from .samples import Samples
from .workbench import Workbench

REFERENCE_SAMPLES = 3
"""Samples on which the exported file is held against the original at every conversion. The original runs operation by
operation, which takes long; a file that is wrong is wrong on the first."""

DESCRIBED_SAMPLES = 16
"""Samples from whose answers the meaning of the outputs is told."""


@dataclass(frozen=True)
class FloatModel:
    """The float .tflite with everything that is known about how to feed it.

    Args:
        model: what was opened.
        file: the .tflite, with a signature of the model's own names.
        graph: the frozen graph it was converted from; None for a model that was a .tflite already.
        preprocess: how raw values become its input, and why.
        contract: the same with the meaning of the outputs.
        calibration: the calibration samples as the model takes them.
        evaluation: the labelled samples likewise, or None.
        training: the samples to train on likewise, or None.
        class_labels: whether their labels are class indices.
        difference: largest difference to the original, as a share of the output's largest value; None for a .tflite.
        warnings: sentences a user should read.
        overlaps: those of them that say that evaluation samples are in another set, too.
    """

    model: OpenedModel
    file: bytes
    graph: FrozenGraph | None
    preprocess: Resolved
    contract: Contract
    calibration: PreparedSet
    evaluation: PreparedSet | None
    training: PreparedSet | None
    class_labels: bool
    difference: float | None
    warnings: tuple[str, ...]
    overlaps: tuple[str, ...] = ()

    def named(self, file: bytes) -> bytes:
        """The stock converter's .tflite of the same graph, with the model's own names for its inputs and outputs.

        It stays as large as that converter makes it.
        """
        return _named(file, self.model, compact=False)


def export(moved: Moved, plan: Plan, samples: Samples, bench: Workbench) -> FloatModel:
    """Exports the float file, settles the preprocessing, and holds the file against the original.

    While the worker converts, this process already runs the original on the first samples, where the preprocessing is
    known by then.

    Raises:
        InputError: the data does not fit the model, or `auto` has too little to go by.
        ExportMismatchError: the file computes something else than the model.
    """
    model = moved.model
    with bench.steps.step("export", "exporting to float .tflite") as step:
        graph = None if model.tflite is not None else freeze(model)
        converting = _in_background(lambda: convert_graph(graph, bench.worker)) if graph else None
        known = _resolve(moved.original, plan, samples)
        expected = _references(model, _prepare(moved, known, samples.calibration)) if known else None
        file = _named(converting.result() if converting else model.tflite or b"", model)
        resolved = known or _resolve(moved.original, plan, samples, file)
        assert resolved is not None
        calibration = _prepare(moved, resolved, samples.calibration)
        if expected is None:
            expected = _references(model, calibration)
        actual, difference = _check(model, file, calibration, expected, bench)
        if not actual:
            check_calibration(calibration, calibration.contract, model.inputs)  # says why there is no sample
        step.detail = "builtin ops only" + (f", within {difference:.1e} of the original" if difference else "")
    contract = describe_outputs(calibration.contract, actual, labels=samples.labels, class_labels=samples.class_labels)
    calibration = replace(calibration, contract=contract)
    warnings = [*samples.warnings, *resolved.warnings, *check_calibration(calibration, contract, model.inputs)]
    warnings += [str(one) for one in find_unfolded(read_tflite(file), layer_names(model))]
    evaluation = None
    if samples.evaluation is not None:
        evaluation = prepared(samples.evaluation, contract)
        warnings += check_evaluation(evaluation, contract, model.inputs)
    return FloatModel(
        model=model,
        file=file,
        graph=graph,
        preprocess=resolved,
        contract=contract,
        calibration=calibration,
        evaluation=evaluation,
        training=None if samples.training is None else prepared(samples.training, contract),
        class_labels=samples.class_labels,
        difference=difference,
        warnings=tuple(dict.fromkeys(warnings)),
        overlaps=samples.overlaps,
    )


def export_again(model: FloatModel, keras_model: Any, bench: Workbench) -> FloatModel:
    """Exports another Keras model of the same inputs and outputs, as a pruned one, and holds the file against it.

    Args:
        model: the one it came from; preprocessing, samples and the meaning of the outputs stay.
        keras_model: functional, with the inputs and outputs in the same order.
        bench: where it is converted.

    Raises:
        ExportMismatchError: the file computes something else than the model.
    """
    opened = replace(model.model, keras_model=keras_model)
    graph = freeze(opened)
    file = _named(convert_graph(graph, bench.worker), opened)
    expected = _references(opened, model.calibration)
    _, difference = _check(opened, file, model.calibration, expected, bench)
    return replace(model, model=opened, file=file, graph=graph, difference=difference)


def layer_names(model: OpenedModel) -> tuple[str, ...]:
    """Names of the Keras model's layers, nested models' included; none for other formats."""
    return () if model.keras_model is None else tuple(layer.name for layer in model.keras_model._flatten_layers())


def _in_background(work: Callable[[], bytes]) -> Future[bytes]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def convert_to_float(model: OpenedModel, bench: Workbench) -> bytes:
    """The float .tflite of a model alone, where there are no samples to hold it against the original."""
    if model.tflite is not None:
        return _named(model.tflite, model)
    return _named(convert_graph(freeze(model), bench.worker), model)


def _named(file: bytes, model: OpenedModel, *, compact: bool = True) -> bytes:
    inputs, outputs = ([spec.name for spec in specs] for specs in (model.inputs, model.outputs))
    return with_signature(file, inputs, outputs, compact=compact)


def _resolve(model: OpenedModel, plan: Plan, samples: Samples, file: bytes | None = None) -> Resolved | None:
    """The preprocessing; None where `auto` first needs the exported file."""
    text = plan.recipe.preprocess
    if text.startswith("auto") and file is None:
        return None
    return resolve_preprocess(
        text,
        opened_inputs=model.inputs,
        dataset=samples.most_telling,
        keras_model=model.keras_model,
        tflite=file,
    )


def _prepare(moved: Moved, resolved: Resolved, dataset: Dataset) -> PreparedSet:
    model = moved.model
    raw = build_contract(resolved.preprocess, model.inputs, model.outputs, images=dataset.kind == "images")
    contract = moved.scaled(raw)
    # Until the model has run, nothing is known of its outputs: labels stay as they come.
    unknown = tuple(replace(one, kind="values") for one in contract.outputs)
    return prepared(dataset, replace(contract, outputs=unknown))


def _references(model: OpenedModel, samples: PreparedSet) -> list[Outputs] | None:
    """The original's outputs on the first samples; None for a .tflite, which is its own original."""
    if model.tflite is not None:
        return None
    run = reference_outputs(model)
    return [run(sample.feeds) for sample in itertools.islice(samples, REFERENCE_SAMPLES)]


def _check(
    model: OpenedModel, file: bytes, samples: PreparedSet, expected: list[Outputs] | None, bench: Workbench
) -> tuple[list[Outputs], float | None]:
    """The file's outputs on the first samples, and their largest difference to the original's."""
    few = list(itertools.islice(samples, DESCRIBED_SAMPLES))
    actual = bench.worker.call(
        "edgecomp.evaluate.run:run_samples",
        file,
        samples.contract,
        threads=bench.threads,
        stream=[one.feeds for one in few],
    )
    if expected is None:
        _check_finite(actual, [one.name for one in few])
        return actual, None
    names = [spec.name for spec in model.outputs]
    differences = [
        check_outputs(wanted, got, names, sample.name)
        for wanted, got, sample in zip(expected, actual, few, strict=False)  # fewer are expected than were run
    ]
    return actual, max(differences, default=0.0)


def _check_finite(outputs: Sequence[Outputs], names: Sequence[str]) -> None:
    for name, one in zip(names, outputs, strict=True):
        if not all(np.isfinite(array).all() for array in one):
            raise InputError(f"the model gives NaN or infinity for {name}; check the model and --preprocess")
