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

    from .layers import Context

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
    from .probe import probe

    path = Path(path)
    kind = sniff(path)
    context = Context(load_custom_objects(custom_objects), allow_code)
    shapes = InputShapes(input_shape)
    if allow_code:
        probe(path, custom_objects, input_shape)
    if kind == HDF5:
        from .legacy import open_legacy

        model, kind_of_h5, warnings = open_legacy(path, context, shapes.fix)
        return _opened_keras(model, path, kind_of_h5, file_digest(path), shapes, warnings)
    if kind == KERAS_ARCHIVE:
        from .archive import open_archive

        model, warnings = open_archive(path, context, shapes.fix)
        return _opened_keras(model, path, "keras", file_digest(path), shapes, warnings)
    if kind == SAVED_MODEL:
        return _open_saved_model(path, context, shapes)
    from .tflite_file import open_tflite

    content, inputs, outputs = open_tflite(path, shapes.fix)
    shapes.check_names([spec.name for spec in inputs])
    return OpenedModel(path, "tflite", file_digest(path), inputs, outputs, tflite=content)


def from_keras(model: keras.Model, *, input_shape: InputShape = None) -> OpenedModel:
    """Takes a model handed over in Python; it is not changed, and copied where something has to be (float32, batch).

    Args:
        model: a Keras 3 model, or a Keras 2 one (`tf_keras`).
        input_shape: sizes without the batch, where the model leaves them open; by input name for several inputs.

    Raises:
        InputError: the model cannot be used; the message says why and what to do.
    """
    from .in_memory import take_model, weights_digest

    shapes = InputShapes(input_shape)
    taken, warnings = take_model(model, shapes.fix, input_shape is not None)
    return _opened_keras(taken, None, "in-memory", weights_digest(taken), shapes, warnings)


def _open_saved_model(path: Path, context: Context, shapes: InputShapes) -> OpenedModel:
    from .saved_model import open_saved_model

    opened = open_saved_model(path, context, shapes.fix)
    digest = file_digest(path)
    if opened.keras_model is not None:
        return _opened_keras(opened.keras_model, path, "saved-model", digest, shapes, opened.warnings)
    shapes.check_names([spec.name for spec in opened.inputs])
    return OpenedModel(
        path, "saved-model", digest, opened.inputs, opened.outputs, saved_model=path, warnings=opened.warnings
    )


def _opened_keras(
    model: Any, path: Path | None, kind: str, digest: str, shapes: InputShapes, warnings: tuple[str, ...]
) -> OpenedModel:
    shapes.check_names([tensor.name for tensor in model.inputs])
    inputs, outputs = keras_specs(model)
    return OpenedModel(path, kind, digest, inputs, outputs, keras_model=model, warnings=warnings)


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
