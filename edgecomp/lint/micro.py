"""Rules about files that TensorFlow Lite Micro misreads, or that a C program cannot feed."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import TfliteModel
from .finding import Finding, each_once

_C_DTYPES = ("int8", "int16", "float32", "int32", "int64", "uint8")


def weights_behind_the_flatbuffer(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """TFLite Micro reads `Buffer.data` alone: what is named by its place in the file it takes for nothing."""
    if target.micro_kernels is not None and model.has_data_behind:
        yield Finding(
            "detached-weights",
            "blocker",
            "the file keeps weights behind the flatbuffer, where TensorFlow Lite Micro does not find them",
            "use the model.tflite that edgecomp convert writes",
        )


def edges_without_a_c_type(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Inputs and outputs of strings, of half precision and the like."""
    strange = [one for one in (*model.inputs, *model.outputs) if one.dtype not in _C_DTYPES]
    if target.micro_kernels is not None and strange:
        named = each_once(f"{one.name} ({one.dtype})" for one in strange)
        yield Finding(
            "edge-dtype",
            "blocker",
            f"inputs or outputs that a C program has no type for: {named}",
            "export the model with inputs and outputs of float32 or int8",
        )
