"""`edgecomp inspect`: what a model is, and what a target will make of it."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import EdgecompError, InputError
from ..targets import Target, load_target
from ..targets.fit import Finding, find_misfits
from ..tflite import ModelSummary, TfliteModel, read_tflite, summarize
from ..tflite.summary import TensorSummary
from .shapes import Shapes, parse_input_shape

if TYPE_CHECKING:
    from rich.console import Console

    from ..models.opened import OpenedModel

_FILE_WIDTH = 160
_SEVERITY_STYLES = {"blocker": "bold red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True)
class _Inspected:
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


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", help="Device profile to hold it against: a name (`edgecomp targets list`) or a YAML file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.option("--custom-objects", metavar="PACKAGE.MODULE", help="Module that defines the model's own layers.")
@click.option("--allow-code", is_flag=True, help="Run code embedded in the model file. Only for files you trust.")
@click.option(
    "--input-shape", help="Sizes the file leaves open: 224,224,3; for several inputs name=224,224,3;other=10."
)
def command(
    file: Path,
    target: str | None,
    as_json: bool,
    custom_objects: str | None,
    allow_code: bool,
    input_shape: str | None,
) -> None:
    """Show what FILE is: .keras, .h5, SavedModel folder, .tflite or bundle.

    A Keras model or SavedModel is exported to a float .tflite in memory, which takes some seconds; the operators and
    figures shown are that file's.
    """
    profile = None if target is None else load_target(target)
    shape = parse_input_shape(input_shape)
    inspected = _inspect(file, custom_objects=custom_objects, allow_code=allow_code, input_shape=shape)
    model = inspected.tflite
    summary = None if model is None else summarize(model, inspected.layer_names)
    misfits = () if model is None or profile is None else find_misfits(model, profile)
    findings = inspected.findings + misfits
    if as_json:
        click.echo(json.dumps(_to_dict(file, inspected, summary, profile, findings), indent=2, ensure_ascii=False))
        return
    _print(_screen(), file, inspected, summary, profile, findings)


def _inspect(path: Path, *, custom_objects: str | None, allow_code: bool, input_shape: Shapes | None) -> _Inspected:
    kind = _kind(path)
    if kind == "tflite":
        model = read_tflite(path)
        return _Inspected("tflite", model.nbytes, model)
    if kind == "bundle":
        return _inspect_bundle(path)
    from ..models import open_model

    opened = open_model(path, custom_objects=custom_objects, allow_code=allow_code, input_shape=input_shape)
    return _inspect_opened(path, opened)


def _kind(path: Path) -> str:
    if not path.exists():
        raise InputError(f"there is no model at {path}: check the path")
    if _is_bundle(path):
        return "bundle"
    if path.is_file():
        try:
            with path.open("rb") as stream:
                head = stream.read(8)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        if head[4:] == b"TFL3":
            return "tflite"
    return "other"


def _is_bundle(path: Path) -> bool:
    """Whether it has a manifest. A .keras file is a zip too; a broken zip is what its name says."""
    if path.is_dir():
        return (path / "manifest.json").is_file()
    try:
        with path.open("rb") as stream:
            if stream.read(2) != b"PK":
                return False
            with zipfile.ZipFile(stream) as archive:
                return "manifest.json" in archive.namelist()
    except OSError:
        return False
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return path.suffix == ".zip"


def _inspect_bundle(path: Path) -> _Inspected:
    from edgecomp_runtime.bundle import read_bundle

    bundle = read_bundle(path)
    manifest = bundle.manifest
    details = {
        "target": manifest.target,
        "preprocess": manifest.contract.preprocess,
        "classes": len(bundle.labels),
        "signed": bundle.signature is not None,
    }
    model = read_tflite(bundle.model, f"{path}: {manifest.model}")
    return _Inspected("bundle", _size_of(path), model, details=details)


def _inspect_opened(path: Path, opened: OpenedModel) -> _Inspected:
    details: dict[str, Any] = {
        "inputs": [dataclasses.asdict(spec) for spec in opened.inputs],
        "outputs": [dataclasses.asdict(spec) for spec in opened.outputs],
    }
    names: frozenset[str] = frozenset()
    if opened.keras_model is not None:
        layers = list(opened.keras_model._flatten_layers(include_self=False))
        names = frozenset(layer.name for layer in layers)
        details |= {"layers": len(layers), "parameters": int(opened.keras_model.count_params())}
    findings = tuple(Finding("note", "file", warning, "") for warning in opened.warnings)
    try:
        model = read_tflite(_float_tflite(opened), "the exported model")
    except EdgecompError as error:
        findings += (Finding("blocker", "export", str(error), "replace the layers it names"),)
        model = None
    return _Inspected(opened.format, _size_of(path), model, names, details, findings)


def _float_tflite(opened: OpenedModel) -> bytes:
    from ..export.graph import freeze
    from ..tflite import with_signature
    from ..worker import Worker

    with tempfile.TemporaryDirectory() as folder, Worker(log=Path(folder) / "log.txt") as worker:
        exported: bytes = worker.call("edgecomp.export.tflite:convert_graph", freeze(opened))
    return with_signature(exported, [spec.name for spec in opened.inputs], [spec.name for spec in opened.outputs])


def _size_of(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def _to_dict(
    path: Path,
    inspected: _Inspected,
    summary: ModelSummary | None,
    profile: Target | None,
    findings: tuple[Finding, ...],
) -> dict[str, Any]:
    return {
        "schema": 1,
        "path": str(path),
        "format": inspected.format,
        "bytes": inspected.nbytes,
        "details": inspected.details,
        "tflite": None if summary is None else summary.to_dict(),
        "target": None if profile is None else profile.name,
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def _screen() -> Console:
    """The terminal; a file or pipe gets lines wide enough that no name is cut."""
    from rich.console import Console

    terminal = Console(markup=False, highlight=False)
    return terminal if terminal.is_terminal else Console(markup=False, highlight=False, width=_FILE_WIDTH)


def _print(
    console: Console,
    path: Path,
    inspected: _Inspected,
    summary: ModelSummary | None,
    profile: Target | None,
    findings: tuple[Finding, ...],
) -> None:
    from ..report.formats import size

    console.print(f"{path}: {inspected.format}, {size(inspected.nbytes)}", style="bold", soft_wrap=True)
    for key, value in inspected.details.items():
        if not isinstance(value, list):
            console.print(_printable(f"  {key}: {value}"), soft_wrap=True)
    if summary is not None:
        _print_summary(console, summary)
    if profile is not None:
        console.print(f"\non {profile.title} ({profile.name})", style="bold")
    for finding in findings:
        advice = f"; {finding.advice}" if finding.advice else ""
        style = _SEVERITY_STYLES[finding.severity]
        console.print(_printable(f"{finding.severity}: {finding.message}{advice}"), style=style, soft_wrap=True)
    if profile is not None and not findings:
        console.print("nothing stands in its way", style="green")


def _print_summary(console: Console, summary: ModelSummary) -> None:
    from rich.table import Table

    from ..report.formats import count, size

    for kind, tensors in (("input", summary.inputs), ("output", summary.outputs)):
        for tensor in tensors:
            console.print(f"  {kind} {_tensor(tensor)}", soft_wrap=True)
    console.print(
        f"  {summary.scheme}; {count(summary.macs)} MACs, {count(summary.parameters)} parameters, "
        f"weights {size(summary.weight_bytes)}, activations {size(summary.peak_activation_bytes)} at the peak",
        soft_wrap=True,
    )
    table = Table("#", "operator", "layer", "output", "dtype", "MACs", "weights", box=None, header_style="bold")
    for name in ("#", "MACs", "weights"):
        next(column for column in table.columns if column.header == name).justify = "right"
    for column in table.columns:
        column.overflow = "fold"
    for one in summary.operators:
        macs, weights = count(one.macs) if one.macs else "", size(one.weight_bytes) if one.weight_bytes else ""
        shape = "x".join(map(str, one.output_shape))
        table.add_row(
            str(one.index), _printable(one.name), _printable(one.layer or ""), shape, one.dtype or "", macs, weights
        )
    console.print(table)


def _tensor(tensor: TensorSummary) -> str:
    shape = "x".join("?" if size < 0 else str(size) for size in tensor.shape)
    scale = "" if tensor.scale is None else f", scale {tensor.scale:.6g}, zero point {tensor.zero_point}"
    return f"{_printable(tensor.name)}: {shape or 'scalar'} {tensor.dtype}{scale}"


def _printable(text: str) -> str:
    """The text without what would steer the terminal: names come from the file."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
