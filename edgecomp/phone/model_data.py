"""What the page needs to know of a bundle: its contract and tensors as JSON, its golden samples as plain bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edgecomp_runtime.bundle.read import Bundle, is_bundle, read_bundle
from edgecomp_runtime.model import Model
from edgecomp_runtime.quantization import dequantize
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError
from ..tflite.float_edges import with_float_edges
from ..tflite.reader import read_tflite
from .checks import is_wrapped, require_known_edges, require_known_operators

FORMAT = 1


@dataclass(frozen=True)
class ModelData:
    """A bundle, taken apart for a browser.

    Args:
        name: of the model.
        sha256: of the bundle's .tflite.
        about: JSON-ready; what `model.json` says.
        model: the bytes of the .tflite as the page gets it, with floats at its edges.
        golden: the golden samples' arrays one behind the other, as `about` lists them, little endian.
    """

    name: str
    sha256: str
    about: dict[str, Any]
    model: bytes
    golden: bytes


def read_model_data(path: Path) -> ModelData:
    """Opens a bundle and checks it whole.

    Args:
        path: of the bundle.

    Raises:
        InputError: there is none, or a browser cannot run its model.
        IntegrityError: it is damaged.
    """
    if not path.exists():
        raise InputError(f"there is no bundle at {path}: check the path")
    if not is_bundle(path):
        raise InputError(f"{path} is no bundle; give the bundle.zip that edgecomp convert writes")
    bundle = read_bundle(path)
    require_known_operators(read_tflite(bundle.model, str(path)), str(path))  # the interpreter would only fail on them
    loaded = Model.load(path)
    require_known_edges(loaded, str(path))
    return take_apart(loaded, bundle)


def take_apart(loaded: Model, bundle: Bundle) -> ModelData:
    """What the page needs to know.

    Quantized int8 tensors at the edges get float ones around them, since LiteRT.js hands no int8 in or out; what is
    stored is the same.

    Args:
        loaded: the bundle's model.
        bundle: the bundle.
    """
    manifest, digest = bundle.manifest, hashlib.sha256(bundle.model).hexdigest()
    wrapped = any(map(is_wrapped, (*loaded.inputs, *loaded.outputs)))
    golden, listed = _golden(bundle, loaded)
    about = {
        "format": FORMAT,
        "name": manifest.name,
        "target": manifest.target,
        "scheme": manifest.scheme,
        "sha256": digest,
        "bytes": len(bundle.model),
        "wrapped": wrapped,
        "contract": bundle.contract.to_dict(),
        "inputs": [_tensor(one) for one in loaded.inputs],
        "outputs": [_tensor(one) for one in loaded.outputs],
        "golden": listed,
    }
    served = with_float_edges(bundle.model) if wrapped else bundle.model
    return ModelData(manifest.name, digest, about, served, golden)


def _tensor(one: Tensor) -> dict[str, Any]:
    """A tensor as the page sees it."""
    kind = ("float32", 0.0, 0) if is_wrapped(one) else (one.stored_dtype, one.scale, one.zero_point)
    return {
        "name": one.name,
        "shape": list(one.shape),
        **dict(zip(("dtype", "scale", "zero_point"), kind, strict=True)),
    }


def _golden(bundle: Bundle, loaded: Model) -> tuple[bytes, dict[str, Any] | None]:
    goldens, entry = bundle.goldens, bundle.manifest.golden
    if goldens is None or entry is None:
        return b"", None
    parts: list[bytes] = []
    listed = {
        "samples": entry.samples,
        "tolerance_steps": entry.tolerance_steps,
        "inputs": _append(parts, list(map(_seen, goldens.inputs, loaded.inputs))),
        "outputs": _append(parts, list(map(_seen, goldens.outputs, loaded.outputs))),
        "steps": list(map(_step, goldens.outputs, loaded.outputs)),
    }
    return b"".join(parts), listed


def _seen(stored: np.ndarray, tensor: Tensor) -> np.ndarray:
    return dequantize(stored, tensor.scale, tensor.zero_point) if is_wrapped(tensor) else stored


def _step(stored: np.ndarray, tensor: Tensor) -> float:
    """How large a quantization step is in what the page sees; of a float output, 1/255 of its golden values' range."""
    if is_wrapped(tensor):
        return tensor.scale
    return float(np.ptp(stored)) / 255 or 1.0 if stored.dtype.kind == "f" else 1.0


def _append(parts: list[bytes], arrays: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    listed = []
    for array in arrays:
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        padding = b"\0" * (-len(data) % 8)  # typed arrays start at multiples of their element's size
        listed.append({"dtype": array.dtype.name, "offset": sum(map(len, parts)), "bytes": len(data)})
        parts.append(data + padding)
    return listed
