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
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError
from ..tflite.reader import read_tflite
from .checks import require_known_edges, require_known_operators

FORMAT = 1


@dataclass(frozen=True)
class ModelData:
    """A bundle, taken apart for a browser.

    Args:
        name: of the model.
        sha256: of the .tflite.
        about: JSON-ready; what `model.json` says.
        model: the bytes of the .tflite.
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

    Args:
        loaded: the bundle's model.
        bundle: the bundle.
    """
    manifest, digest = bundle.manifest, hashlib.sha256(bundle.model).hexdigest()
    golden, listed = _golden(bundle)
    about = {
        "format": FORMAT,
        "name": manifest.name,
        "target": manifest.target,
        "scheme": manifest.scheme,
        "sha256": digest,
        "bytes": len(bundle.model),
        "contract": bundle.contract.to_dict(),
        "inputs": [_tensor(one) for one in loaded.inputs],
        "outputs": [_tensor(one) for one in loaded.outputs],
        "golden": listed,
    }
    return ModelData(manifest.name, digest, about, bundle.model, golden)


def _tensor(one: Tensor) -> dict[str, Any]:
    return {
        "name": one.name,
        "shape": list(one.shape),
        "dtype": one.stored_dtype,
        "scale": one.scale,
        "zero_point": one.zero_point,
    }


def _golden(bundle: Bundle) -> tuple[bytes, dict[str, Any] | None]:
    goldens, entry = bundle.goldens, bundle.manifest.golden
    if goldens is None or entry is None:
        return b"", None
    parts: list[bytes] = []
    listed = {
        "samples": entry.samples,
        "tolerance_steps": entry.tolerance_steps,
        "inputs": _append(parts, goldens.inputs),
        "outputs": _append(parts, goldens.outputs),
    }
    return b"".join(parts), listed


def _append(parts: list[bytes], arrays: Sequence[np.ndarray]) -> list[dict[str, Any]]:
    listed = []
    for array in arrays:
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        padding = b"\0" * (-len(data) % 8)  # typed arrays start at multiples of their element's size
        listed.append({"dtype": array.dtype.name, "offset": sum(map(len, parts)), "bytes": len(data)})
        parts.append(data + padding)
    return listed
