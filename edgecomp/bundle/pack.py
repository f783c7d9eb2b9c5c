"""Writing a bundle: the model with all that a device needs to run it and to prove that it runs it right."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from .. import __version__
from .archive import zip_bytes
from .runtime_wheel import runtime_wheel

FORMAT = 1


@dataclass(frozen=True)
class Goldens:
    """Inputs and the outputs that they must give, as stored in the tensors (integers where the file is quantized).

    Args:
        inputs: one array per input, samples first: [samples, *shape without batch].
        outputs: likewise per output.
        tolerance_steps: largest difference in quantization steps on an interpreter other than `exact_on`.
        exact_on: the engine on which the outputs must be identical; "" where no engine promises that.
    """

    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]
    tolerance_steps: int
    exact_on: str = "ai_edge_litert"


@dataclass(frozen=True)
class BundleContents:
    """What goes into a bundle.

    Args:
        name: the model's name.
        target: the device profile's name.
        scheme: number format of the model.
        io: "int8" or "float".
        model: the .tflite.
        contract: preprocessing and output contract.
        goldens: see `Goldens`.
        verified_with: engine, version, machine and delegate that made the goldens.
        measured: latency and accuracy as measured, with None for what was not.
    """

    name: str
    target: str
    scheme: str
    io: str
    model: bytes
    contract: Contract
    goldens: Goldens
    verified_with: dict[str, Any]
    measured: dict[str, Any]


def pack_bundle(contents: BundleContents) -> bytes:
    """The bundle as a deterministic zip: the manifest first, then the files it names with their sha256 and size."""
    wheel_name, wheel = runtime_wheel()
    files = {
        "model.tflite": contents.model,
        "golden.npz": _npz(contents.goldens),
        wheel_name: wheel,
    }
    labels = _labels(contents.contract)
    if labels:
        files["labels.txt"] = ("\n".join(labels) + "\n").encode()
    manifest = json.dumps(_manifest(contents, files), indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"
    return zip_bytes({"manifest.json": manifest, **files}, store=frozenset({wheel_name}))


def _manifest(contents: BundleContents, files: dict[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": contents.name,
        "created_by": f"edgecomp {__version__}",
        "target": contents.target,
        "scheme": contents.scheme,
        "io": contents.io,
        "model": "model.tflite",
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
        },
        "contract": contents.contract.to_dict(),
        "golden": {
            "file": "golden.npz",
            "samples": len(contents.goldens.inputs[0]),
            "tolerance_steps": contents.goldens.tolerance_steps,
            "exact_on": contents.goldens.exact_on,
        },
        "verified_with": contents.verified_with,
        "measured": contents.measured,
        "signature": None,
    }


def _labels(contract: Contract) -> Sequence[str]:
    return next((output.labels for output in contract.outputs if output.labels), ())


def _npz(goldens: Goldens) -> bytes:
    """An .npz whose entries carry no time of writing, unlike `numpy.savez`'s."""
    entries = {}
    for kind, arrays in (("input", goldens.inputs), ("output", goldens.outputs)):
        for index, array in enumerate(arrays):
            target = io.BytesIO()
            np.lib.format.write_array(target, np.ascontiguousarray(array), allow_pickle=False)
            entries[f"{kind}_{index}.npy"] = target.getvalue()
    return zip_bytes(entries)
