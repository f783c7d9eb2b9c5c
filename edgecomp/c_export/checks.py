"""Refuses models that TensorFlow Lite Micro would not run, or, worse, would run wrong without a word."""

from __future__ import annotations

from ..errors import InputError
from ..targets import Target
from ..targets.micro_operators import lacking_operators
from ..tflite import TfliteModel, scheme

# conv.cc of TFLite Micro: "Hybrid models are not supported on TFLite Micro."
_RUNNING_SCHEMES = ("int8", "int16x8", "float32", "mixed")
_EDGE_DTYPES = ("int8", "int16", "float32", "int32", "int64", "uint8")
_MIB = 2**20


def check_runs(model: TfliteModel, data: bytes) -> None:
    """Checks what holds for every microcontroller.

    Args:
        model: what was read of the file.
        data: the file.

    Raises:
        InputError: it has operators without kernels, arithmetic without kernels, sizes that are not known, weights
            where TFLite Micro does not look for them, or inputs and outputs of a kind that C has no type for.
    """
    operators = [one for graph in model.subgraphs for one in graph.operators]
    lacking = lacking_operators(one.name for one in operators)
    if lacking:
        raise InputError(
            f"TensorFlow Lite Micro has no kernels for {', '.join(lacking)}: replace the layers they come from"
        )
    if scheme(model) not in _RUNNING_SCHEMES:
        raise InputError(
            f"TensorFlow Lite Micro does not run {scheme(model)} models: convert the float model with --scheme int8"
        )
    if any(tensor.dynamic for graph in model.subgraphs for tensor in graph.tensors):
        raise InputError(
            "the model has sizes that are only known when it runs, and TensorFlow Lite Micro plans its memory before: "
            "export it with a fixed batch of 1 (edgecomp convert does)"
        )
    if _has_buffers_outside(data):
        raise InputError(
            "the file keeps its weights behind the flatbuffer, where TensorFlow Lite Micro does not find them: give "
            "the model.tflite that edgecomp convert writes"
        )
    strange = next((one for one in (*model.inputs, *model.outputs) if one.dtype not in _EDGE_DTYPES), None)
    if strange is not None:
        raise InputError(f"{strange.name} is {strange.dtype}, which an input or output of a C program cannot be")


def limit_warnings(model_bytes: int, arena_bytes: int, target: Target | None) -> tuple[str, ...]:
    """Holds the model against a microcontroller's memory.

    Args:
        model_bytes: size of the .tflite, which stays in flash.
        arena_bytes: what the interpreter needs of the memory.
        target: the microcontroller; None where it is not known.

    Returns:
        what fits, but leaves less for the program than the profile wants.

    Raises:
        InputError: it does not fit at all, or the target is no microcontroller.
    """
    if target is None:
        return ()
    if target.micro_kernels is None:
        raise InputError(
            f"{target.name} is no microcontroller: name one (cortex-m4, cortex-m7, esp32-s3) with --target, or leave "
            "it out"
        )
    limit = target.limits.file_mb or target.memory.flash_mb
    ram, budget = target.memory.ram_mb, target.memory.budget_mb
    if limit is not None and model_bytes > limit * _MIB:
        raise InputError(
            f"the model has {_kib(model_bytes)}, and the flash of {target.name} takes one of {_kib(limit * _MIB)}: use "
            "a smaller scheme, prune the model, or use a smaller one"
        )
    if ram is not None and arena_bytes > ram * _MIB:
        raise InputError(
            f"the model needs about {_kib(arena_bytes)} of memory to run, and {target.name} has {_kib(ram * _MIB)}: "
            "use a smaller input or a smaller model"
        )
    if budget is not None and arena_bytes > budget * _MIB:
        tight = f"about {_kib(arena_bytes)} of memory, more than the {_kib(budget * _MIB)} {target.name} gives a model"
        return (f"the model needs {tight}",)
    return ()


def _has_buffers_outside(data: bytes) -> bool:
    """Whether a buffer is named by its place in the file; TFLite Micro reads `Buffer.data` alone."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(data, 0)
    return any(model.Buffers(index).Offset() > 1 for index in range(model.BuffersLength()))


def _kib(nbytes: float) -> str:
    return f"{-(-int(nbytes) // 1024):,} KiB"
