"""Rules about sizes: of the file, and of what it takes in memory."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import TfliteModel, peak_activation_bytes, peak_arena_bytes, weight_bytes
from .finding import Finding

_MIB = 2**20


def file_size(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """The file against the largest that the device takes."""
    limit = target.limits.file_mb or target.memory.flash_mb
    if limit is not None and model.nbytes > limit * _MIB:
        yield Finding(
            "file-size",
            "blocker",
            f"the file has {model.nbytes / _MIB:.1f} MiB, and {target.name} takes {limit:g}",
            "use a smaller scheme, prune the model, or use a smaller one",
        )


def peak_memory(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """What the model takes at its peak against what the device has, and what the profile grants a model."""
    what, nbytes = _needed(model, target)
    needed, ram, budget = nbytes / _MIB, target.memory.ram_mb, target.memory.budget_mb
    remedy = "use a smaller input, a smaller scheme or a smaller model"
    if ram is not None and needed > ram:
        text = f"{what} need about {needed:.3g} MiB, and {target.name} has {ram:g}"
        yield Finding("memory", "blocker", text, remedy, _largest(model))
    elif budget is not None and needed > budget:
        text = f"{what} need about {needed:.3g} MiB of the {budget:g} that the profile gives a model"
        yield Finding("memory", "warning", text, remedy, _largest(model))


def _needed(model: TfliteModel, target: Target) -> tuple[str, int]:
    """What counts, and its bytes. Weights that stay in flash take no memory, and a delegate has other scratch memory
    than TFLite's own kernels."""
    if target.memory.flash_mb is not None:
        return "activations", peak_activation_bytes(model)
    plain = target.runtime.delegates[0] == "none"
    activations = peak_arena_bytes(model) if plain else peak_activation_bytes(model)
    return "weights and activations", weight_bytes(model) + activations


def _largest(model: TfliteModel) -> tuple[int, ...]:
    """The operator with the most bytes of inputs and outputs, which is where memory is needed first."""
    graph = model.main

    def touched(index: int) -> int:
        operator = graph.operators[index]
        tensors = {one.index: one for one in graph.tensors_of((*operator.inputs, *operator.outputs))}
        return sum(one.nbytes for one in tensors.values() if not one.is_constant)

    return (max(range(len(graph.operators)), key=touched),) if graph.operators else ()
