"""Any file made ready for the interpreter: a .tflite, a bundle, or a Keras model, which is exported first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.engines import is_tflite

from ...errors import InputError, IntegrityError
from ...export.normalization import Moved, move_normalization
from ...models import TensorSpec
from ...report import read_report_json
from ...tflite import read_tflite
from ...tflite.cost import is_quantized
from ..float_file import convert_to_float
from ..opening import open_with
from ..options.shared import OpeningOptions
from ..workbench import Workbench


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


def runnable(path: Path, bench: Workbench, opening: OpeningOptions) -> Runnable:
    """Opens a file, and exports it where it is no .tflite of its own.

    Args:
        path: a .tflite, a bundle or a Keras model.
        bench: where to export.
        opening: how a model is opened.

    Raises:
        InputError: it cannot be opened.
    """
    if is_bundle(path):
        bundle = read_bundle(path)
        return _from_tflite(str(path), bundle.model, bundle.contract)
    if is_tflite(path):
        content = path.read_bytes()
        contract = _contract_of_neighbour(path, content)
        if contract is not None or is_quantized(read_tflite(content, name=str(path))):
            return _from_tflite(str(path), content, contract)
    with bench.steps.step("open", f"opening {path.name}"):
        opened = move_normalization(open_with(path, opening))
    with bench.steps.step("export", f"exporting {path.name} to float .tflite"):
        content = convert_to_float(opened.model, bench)
    return Runnable(str(path), content, opened.model.inputs, opened.model.outputs, opened=opened)


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
