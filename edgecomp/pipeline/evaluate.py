"""Accuracy of one file, and its agreement with another, on somebody's samples."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from rich.console import Console

from ..data import (
    Dataset,
    PreparedSet,
    Resolved,
    check_evaluation,
    open_data,
    prepared,
    read_labels,
    resolve_preprocess,
)
from ..errors import InputError, IntegrityError
from ..export.normalization import Moved, move_normalization
from ..models import TensorSpec, open_model
from ..progress import Steps
from ..report import read_report_json
from ..tflite import read_tflite
from ..tflite.cost import is_quantized
from ..worker import Worker
from .answers import describe_outputs
from .float_file import DESCRIBED_SAMPLES, convert_to_float
from .log_file import log_file, native_output_to
from .samples import has_class_labels
from .workbench import Workbench

WARM = ("edgecomp.evaluate.run",)


@dataclass(frozen=True)
class Runnable:
    """A model made ready for the interpreter.

    Args:
        name: what it is called in the result.
        file: a .tflite.
        inputs: the model's inputs, before quantization.
        outputs: the model's outputs, likewise.
        contract: that of a bundle, else None.
        opened: a float model as opened, else None.
    """

    name: str
    file: bytes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    contract: Contract | None = None
    opened: Moved | None = None


def evaluate_files(
    file: str | Path,
    *,
    data: Any,
    against: str | Path | None = None,
    preprocess: str | None = None,
    labels: str | Path | Sequence[str] | None = None,
    limit: int | None = None,
    custom_objects: str | dict[str, Any] | None = None,
    allow_code: bool = False,
    input_shape: Any = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Runs a file on samples in the interpreter, and another one beside it where asked.

    Args:
        file: a .tflite, a bundle, or a Keras model (which is exported to a float .tflite first).
        data: the samples; labelled ones for accuracy.
        against: the model to compare the answers with, in any of those forms.
        preprocess: how raw values become input; a bundle brings its own, and so does a .tflite beside its bundle.
        labels: class names in the order of the outputs, or a text file of them.
        limit: samples used at most.
        custom_objects: see `open_model`.
        allow_code: see `open_model`.
        input_shape: see `open_model`.
        console: where to show progress.

    Returns:
        JSON-ready: file, metric, n, agreement, sqnr_db, against, preprocess, warnings.

    Raises:
        InputError: something given cannot be used.
    """
    names = read_labels(labels) if isinstance(labels, (str, Path)) else labels
    options = {"custom_objects": custom_objects, "allow_code": allow_code, "input_shape": input_shape}
    with (
        log_file() as log,
        Worker(log=log, warm=WARM) as worker,
        native_output_to(log, console),
        Steps(console) as steps,
    ):
        bench = Workbench(worker, steps, threads=os.cpu_count() or 1)
        models = [_runnable(Path(path), bench, options) for path in (file, against) if path is not None]
        dataset = open_data(data, inputs=models[0].inputs, limit=limit, labels=names)
        contract, resolved = _contract(models, preprocess, dataset)
        classes = has_class_labels(dataset)
        contract = _with_outputs(contract, models[-1], dataset, names or dataset.class_names, classes, bench)
        samples = prepared(dataset, contract)
        _check_any(samples)
        warnings = [*dataset.warnings, *resolved.warnings]
        if dataset.labelled:
            warnings += check_evaluation(samples, contract, models[0].inputs)
        with steps.step("evaluate", "running on the samples") as step:
            stream = ((sample.feeds, sample.label) for sample in step.track(samples, len(samples)))
            # The reference goes first; without one the file is its own.
            files = {one.name: one.file for one in reversed(models)}
            found = worker.call(
                "edgecomp.evaluate.run:evaluate",
                files,
                contract,
                threads=bench.threads,
                class_labels=classes,
                stream=stream,
            )
    ours, other = found[models[0].name], found[models[-1].name] if len(models) > 1 else None
    return {
        "file": models[0].name,
        "metric": ours.metric.to_dict() if ours.metric else None,
        "n": ours.n,
        "agreement": ours.agreement if other else None,
        "sqnr_db": ours.sqnr_db if other else None,
        "against": {"file": models[-1].name, "metric": other.metric.to_dict() if other.metric else None}
        if other
        else None,
        "preprocess": {"name": str(resolved.preprocess), "reason": resolved.reason},
        "warnings": list(dict.fromkeys(warnings)),
    }


def _check_any(samples: PreparedSet) -> None:
    """Refuses a set of which no sample can be read."""
    if next(iter(samples), None) is None:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in samples.dataset.skipped[:1])
        raise InputError(f"{samples.dataset.source}: no sample can be read ({reasons or 'it is empty'})")


def _runnable(path: Path, bench: Workbench, options: dict[str, Any]) -> Runnable:
    if is_bundle(path):
        bundle = read_bundle(path)
        return _from_tflite(str(path), bundle.model, bundle.contract)
    if _is_tflite(path):
        content = path.read_bytes()
        contract = _contract_of_neighbour(path, content)
        if contract is not None or is_quantized(read_tflite(content, name=str(path))):
            return _from_tflite(str(path), content, contract)
    with bench.steps.step("open", f"opening {path.name}"):
        opened = move_normalization(open_model(path, **options))
    with bench.steps.step("export", f"exporting {path.name} to float .tflite"):
        content = convert_to_float(opened.model, bench)
    return Runnable(str(path), content, opened.model.inputs, opened.model.outputs, opened=opened)


def _is_tflite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3"


def _contract_of_neighbour(path: Path, content: bytes) -> Contract | None:
    """The contract of the bundle that `convert` left beside a file, if its report knows this very file."""
    neighbour, report = path.with_name("bundle.zip"), path.with_name("report.json")
    if not (neighbour.is_file() and report.is_file()):
        return None
    try:
        known = read_report_json(report)
        bundle = read_bundle(neighbour)
    except (InputError, IntegrityError):
        return None
    files = (known.get(name) or {} for name in ("compressed", "float"))
    digest = hashlib.sha256(content).hexdigest()
    return bundle.contract if any(one.get("sha256") == digest for one in files) else None


def _from_tflite(name: str, content: bytes, contract: Contract | None) -> Runnable:
    if contract is not None:
        inputs = tuple(TensorSpec(one.name, one.shape, one.dtype) for one in contract.inputs)
        outputs = tuple(TensorSpec(one.name, one.shape) for one in contract.outputs)
        return Runnable(name, content, inputs, outputs, contract)
    model = read_tflite(content, name=name)
    signature = model.signature
    in_names = {index: name for name, index in signature.inputs} if signature else {}
    out_names = {index: name for name, index in signature.outputs} if signature else {}
    inputs = tuple(_spec(one, in_names.get(one.index, one.name)) for one in model.inputs)
    outputs = tuple(_spec(one, out_names.get(one.index, one.name)) for one in model.outputs)
    return Runnable(name, content, inputs, outputs)


def _spec(tensor: Any, name: str) -> TensorSpec:
    return TensorSpec(name, tensor.shape, "float32" if tensor.quantization else tensor.dtype)


def _contract(models: list[Runnable], preprocess: str | None, dataset: Dataset) -> tuple[Contract, Resolved]:
    first = models[0]
    images = dataset.kind == "images"
    if preprocess is None:
        for model in models:
            if model.contract is not None:
                made = Resolved(parse_preprocess(model.contract.preprocess), f"as the bundle of {model.name} says")
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


def _with_outputs(
    contract: Contract, model: Runnable, dataset: Dataset, labels: Sequence[str], classes: bool, bench: Workbench
) -> Contract:
    """What the outputs mean; a bundle has said so already."""
    if model.contract is not None:
        return contract
    samples = prepared(dataset, contract)
    _check_any(samples)
    few = [sample.feeds for sample in islice(samples, DESCRIBED_SAMPLES)]
    outputs = bench.worker.call(
        "edgecomp.evaluate.run:run_samples", model.file, contract, threads=bench.threads, stream=few
    )
    return describe_outputs(contract, outputs, labels=labels, class_labels=classes)
