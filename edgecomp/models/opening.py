"""Opens a model, whatever it is stored as."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .custom import load_custom_objects
from .opened import OpenedModel
from .signature import InputShapes, keras_specs
from .sniff import HDF5, KERAS_ARCHIVE, SAVED_MODEL, sniff

if TYPE_CHECKING:
    import keras

InputShape = tuple[int, ...] | Mapping[str, Sequence[int]] | None


def open_model(
    path: str | Path,
    *,
    custom_objects: str | Mapping[str, Any] | None = None,
    allow_code: bool = False,
    input_shape: InputShape = None,
) -> OpenedModel:
    """Opens a model file or folder; what can be is rebuilt as a native Keras 3 model, in float32, for any batch.

    Args:
        path: a .keras, .h5 or float .tflite file, or a SavedModel folder; told by content, not by name.
        custom_objects: what the file does not contain: a module's name, or classes and functions by name.
        allow_code: run Python code embedded in the file (Lambda layers).
        input_shape: sizes without the batch, where the file leaves them open; by input name for several inputs.

    Raises:
        InputError: the file cannot be opened; the message says why and what to do.
    """
    from .layers import Context

    path = Path(path)
    kind = sniff(path)
    context = Context(load_custom_objects(custom_objects), allow_code)
    shapes = InputShapes(input_shape)
    if kind == HDF5:
        from .legacy import open_legacy

        model, kind_of_h5, warnings = open_legacy(path, context, shapes.fix)
        return _opened_keras(model, path, kind_of_h5, file_digest(path), warnings)
    if kind == KERAS_ARCHIVE:
        from .archive import open_archive

        model, warnings = open_archive(path, context, shapes.fix)
        return _opened_keras(model, path, "keras", file_digest(path), warnings)
    raise NotImplementedError(kind)


def _opened_keras(
    model: Any, path: Path | None, kind: str, digest: str, warnings: tuple[str, ...] = ()
) -> OpenedModel:
    inputs, outputs = keras_specs(model)
    return OpenedModel(path, kind, digest, inputs, outputs, keras_model=model, warnings=warnings)


def from_keras(model: keras.Model, *, input_shape: InputShape = None) -> OpenedModel:
    raise NotImplementedError


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's file names and contents, as hexadecimal digits."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    for one in files:
        if one != path:
            digest.update(one.relative_to(path).as_posix().encode() + b"\0")
        with one.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
