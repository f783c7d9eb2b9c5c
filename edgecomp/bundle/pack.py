"""Writing a bundle: the model with what a device needs to prove that it runs it right."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from .. import __version__
from .archive import zip_bytes
from .seal import Release, seal


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


def pack_bundle(
    contents: BundleContents, release: Release | None = None, extra: Mapping[str, bytes] | None = None
) -> bytes:
    """The bundle as a deterministic zip: the manifest first, then the files it names with their sha256 and size.

    Args:
        contents: what goes in.
        release: version, limits and the key to sign with; by default version 0, unsigned.
        extra: more files, by name.

    Raises:
        InputError: it is more than a bundle may hold.
        ValueError: a figure is not a number.
    """
    files = {"model.tflite": contents.model, "golden.npz": npz(contents.goldens)}
    labels = _labels(contents.contract)
    if labels:
        files["labels.txt"] = ("\n".join(labels) + "\n").encode()
    return seal(_described(contents), {**files, **(extra or {})}, release or Release())


def _described(contents: BundleContents) -> dict[str, Any]:
    return {
        "name": "".join(letter if letter.isprintable() else "_" for letter in contents.name),
        "created_by": f"edgecomp {__version__}",
        "target": contents.target,
        "scheme": contents.scheme,
        "io": contents.io,
        "model": "model.tflite",
        "contract": contents.contract.to_dict(),
        "golden": {
            "file": "golden.npz",
            "samples": len(contents.goldens.inputs[0]),
            "tolerance_steps": contents.goldens.tolerance_steps,
            "exact_on": contents.goldens.exact_on,
        },
        "verified_with": contents.verified_with,
        "measured": contents.measured,
    }


def _labels(contract: Contract) -> Sequence[str]:
    return next((output.labels for output in contract.outputs if output.labels), ())


def npz(goldens: Goldens) -> bytes:
    """A `golden.npz`, whose entries carry no time of writing, unlike `numpy.savez`'s."""
    entries = {}
    for kind, arrays in (("input", goldens.inputs), ("output", goldens.outputs)):
        for index, array in enumerate(arrays):
            target = io.BytesIO()
            np.lib.format.write_array(target, np.ascontiguousarray(array), allow_pickle=False)
            entries[f"{kind}_{index}.npy"] = target.getvalue()
    # Stored: the bundle compresses it as a whole, or sends only what differs from older ones.
    return zip_bytes(entries, store=frozenset(entries))
