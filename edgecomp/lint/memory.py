"""Rules about sizes: of the file, and of what it takes in memory."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import TfliteModel, peak_activation_bytes, peak_arena_bytes, weight_bytes
from ..tflite.micro_memory import micro_arena
from .finding import Finding

_KIB, _MIB = 2**10, 2**20


def file_size(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """The file against the largest that the device takes."""
    limit = target.limits.file_mb or target.memory.flash_mb
    if limit is not None and model.nbytes > limit * _MIB:
        yield Finding(
            "file-size",
            "blocker",
            f"the file has {_size(model.nbytes)}, and {target.name} takes one of {_size(limit * _MIB)}",
            "use a smaller scheme, prune the model, or use a smaller one",
        )


def peak_memory(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """What the model takes at its peak against what the device has, and what the profile grants a model."""
    what, needed = _needed(model, target)
    ram, budget = target.memory.ram_mb, target.memory.budget_mb
    remedy = "use a smaller input, a smaller scheme or a smaller model"
    if ram is not None and needed > ram * _MIB:
        text = f"about {_size(needed)} of memory for {what}, and {target.name} has {_size(ram * _MIB)}"
        yield Finding("memory", "blocker", text, remedy, _largest(model))
    elif budget is not None and needed > budget * _MIB:
        text = f"about {_size(needed)} of memory for {what}; the profile gives a model {_size(budget * _MIB)}"
        yield Finding("memory", "warning", text, remedy, _largest(model))


def _needed(model: TfliteModel, target: Target) -> tuple[str, int]:
    """What counts, and its bytes. A microcontroller leaves weights in flash, and a delegate has other scratch memory
    than TFLite's own kernels."""
    if target.micro_kernels is not None:
        return "TFLite Micro's arena", micro_arena(model, kernels=target.micro_kernels).nbytes
    plain = target.runtime.delegates[0] == "none"
    activations = peak_arena_bytes(model) if plain else peak_activation_bytes(model)
    return "weights and activations", weight_bytes(model) + activations


def _size(nbytes: float) -> str:
    return f"{nbytes / _MIB:.3g} MiB" if nbytes >= _MIB else f"{nbytes / _KIB:.3g} KiB"


def _largest(model: TfliteModel) -> tuple[int, ...]:
    """The operator with the most bytes of inputs and outputs, which is where memory is needed first."""
    graph = model.main

    def touched(index: int) -> int:
        operator = graph.operators[index]
        tensors = {one.index: one for one in graph.tensors_of((*operator.inputs, *operator.outputs))}
        return sum(one.nbytes for one in tensors.values() if not one.is_constant)

    return (max(range(len(graph.operators)), key=touched),) if graph.operators else ()
