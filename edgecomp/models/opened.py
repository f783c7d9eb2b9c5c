"""What opening a model file gives: one shape for every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a model.

    Args:
        name: a name unique among the inputs (or outputs), fit for a signature: letters, digits, `_`.
        shape: batch of 1 first, every size known.
        dtype: NumPy name of the dtype, "float32" for nearly all.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class OpenedModel:
    """A model as opened, whatever it was stored as. Exactly one of `keras_model`, `saved_model` and `tflite` is set.

    Args:
        path: where it came from; None for a model handed over in Python.
        format: "keras", "keras-h5" (written by Keras 3), "legacy-h5" (written by Keras 2), "saved-model", "tflite" or
            "in-memory".
        sha256: of the file (of a folder: of its files' names and contents); of the weights for a model handed over in
            Python.
        inputs: in the order in which `keras_model.inputs` (or the signature) has them.
        outputs: likewise.
        keras_model: a native Keras 3 functional (or Sequential) model, wherever that is possible.
        saved_model: the folder of a SavedModel that is not a Keras model; converts, but cannot be pruned.
        tflite: the bytes of a float .tflite; converts, but cannot be pruned.
        warnings: sentences a user should read.
    """

    path: Path | None
    format: str
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    keras_model: Any | None = None
    saved_model: Path | None = None
    tflite: bytes | None = None
    warnings: tuple[str, ...] = field(default=())
