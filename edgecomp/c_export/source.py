"""What `export c` starts from: a .tflite, alone or in a bundle, which also knows what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.contract import Contract

from ..errors import InputError

_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of the flatbuffer


@dataclass(frozen=True)
class Source:
    """A model to be exported.

    Args:
        name: of the model: the bundle's, or the file's without its ending.
        model: the bytes of the .tflite.
        contract: preprocessing and meaning of the outputs; None for a bare .tflite.
        target: name of the device profile that it was made for; None for a bare .tflite.
    """

    name: str
    model: bytes
    contract: Contract | None = None
    target: str | None = None


def read_source(path: Path) -> Source:
    """Reads a .tflite or a bundle.

    Raises:
        InputError: there is no such file, or it is neither.
        IntegrityError: a bundle that is not what its manifest says.
    """
    if not path.exists():
        raise InputError(f"there is no model at {path}: check the path")
    if is_bundle(path):
        bundle = read_bundle(path)
        return Source(bundle.manifest.name, bundle.model, bundle.contract, bundle.manifest.target)
    try:
        model = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if model[4:8] != _IDENTIFIER:
        raise InputError(
            f"{path} is neither a .tflite file nor a bundle: give the model.tflite or bundle.zip that edgecomp convert "
            "writes"
        )
    return Source(path.name.removesuffix(".tflite"), model)
