"""What a model file is, in any format, and what it becomes as a .tflite."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle

from ..errors import EdgecompError
from ..lint import Finding
from ..models.sniff import TFLITE, sniff
from ..progress import Steps
from ..tflite import TfliteModel, read_tflite
from .opening import open_with
from .options.shared import OpeningOptions

if TYPE_CHECKING:
    from rich.console import Console

    from ..models import OpenedModel

WARM = ("edgecomp.export.native:warm_up",)

OPENING = OpeningOptions()


@dataclass(frozen=True)
class Inspected:
    """A file, and the .tflite it is, contains or becomes.

    Args:
        format: "tflite", "bundle", or a format of Keras or TensorFlow.
        nbytes: size of the file or folder.
        tflite: None where the model cannot be exported.
        layer_names: of the Keras model it came from, if known.
        details: what else is known of the file, JSON-ready.
        findings: what was found on the way.
    """

    format: str
    nbytes: int
    tflite: TfliteModel | None
    layer_names: frozenset[str] = frozenset()
    details: dict[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def inspect_file(path: Path, opening: OpeningOptions = OPENING, *, console: Console | None = None) -> Inspected:
    """Looks into a .tflite or a bundle, or opens a model and exports it to a float .tflite in memory.

    Args:
        path: the file or folder.
        opening: how a model is opened.
        console: where to show progress.

    Raises:
        InputError: it is none of these, or cannot be read.
        IntegrityError: a bundle that is not what its manifest says.
    """
    if is_bundle(path):
        return _inspect_bundle(path)
    if sniff(path) == TFLITE:
        model = read_tflite(path)
        return Inspected("tflite", model.nbytes, model)
    return _inspect_model(path, opening, console)


def _inspect_bundle(path: Path) -> Inspected:
    bundle = read_bundle(path)
    manifest = bundle.manifest
    details = {
        "target": manifest.target,
        "preprocess": manifest.contract.preprocess,
        "classes": len(bundle.labels),
        "signed": bundle.signature is not None,
    }
    model = read_tflite(bundle.model, f"{path}: {manifest.model}")
    return Inspected("bundle", _size_of(path), model, details=details)


def _inspect_model(path: Path, opening: OpeningOptions, console: Console | None) -> Inspected:
    from ..worker import Worker
    from .float_file import convert_to_float
    from .log_file import log_file, native_output_to
    from .workbench import Workbench

    with (
        log_file() as log,
        Worker(log=log, warm=WARM) as worker,
        native_output_to(log, console),
        Steps(console) as steps,
    ):
        with steps.step("open", f"opening {path.name}"):
            opened = open_with(path, opening)
        findings = tuple(Finding("opening", "note", warning, "") for warning in opened.warnings)
        model = None
        try:
            with steps.step("export", "exporting to float .tflite"):
                made = convert_to_float(opened, Workbench(worker, steps, threads=os.cpu_count() or 1))
            model = read_tflite(made, "the exported model")
        except EdgecompError as error:
            findings += (Finding("export", "blocker", str(error), "replace the layers it names"),)
        if opened.keras_model is not None:
            with steps.step("dead", "looking for dead channels"):
                findings += _dead_channels(opened.keras_model)
    details, names = _details(opened)
    return Inspected(opened.format, _size_of(path), model, names, details, findings)


def _dead_channels(keras_model: Any) -> tuple[Finding, ...]:
    """A note where channels are constant for every input."""
    from ..pruning.dead import remove_dead

    layers = [layer for found in remove_dead(keras_model)[1] for layer in found.layers]
    if not layers:
        return ()
    count = sum(len(layer.channels) for layer in layers)
    where = ", ".join(f"{layer.layer} ({layer.reason}: {len(layer.channels)})" for layer in layers[:5])
    more = ", …" if len(layers) > 5 else ""
    message = f"{count} channels are constant for every input, made so by {where}{more}"
    remedy = "convert removes them; the answers stay the same"
    return (Finding("dead-channels", "note", message, remedy, layers=tuple(layer.layer for layer in layers)),)


def _details(opened: OpenedModel) -> tuple[dict[str, Any], frozenset[str]]:
    details: dict[str, Any] = {
        "inputs": [dataclasses.asdict(spec) for spec in opened.inputs],
        "outputs": [dataclasses.asdict(spec) for spec in opened.outputs],
    }
    if opened.keras_model is None:
        return details, frozenset()
    layers = list(opened.keras_model._flatten_layers(include_self=False))
    details |= {"layers": len(layers), "parameters": int(opened.keras_model.count_params())}
    return details, frozenset(layer.name for layer in layers)


def _size_of(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
