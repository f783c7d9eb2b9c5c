"""Rules about numbers of channels."""

from __future__ import annotations

from collections.abc import Iterator

from ..pruning.costs import KERNEL_BLOCK
from ..targets import Target
from ..tflite import Operator, Subgraph, TfliteModel, operator_macs
from .finding import Finding, counted, each_once

# Operators whose width is a channel count that pruning can choose.
_WIDE = ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
# Below this share of the work, empty channels are not worth a word.
_WORTH_SAYING = 0.05


def widths_off_the_multiple(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Widths that are no multiple of what the profile says kernels are filled by."""
    multiple, graph = target.model.channel_multiple, model.main
    wide = _chosen_widths(graph)
    off = [one for one in wide if _width(graph, one) % multiple]
    if off:
        yield Finding(
            "width-multiple",
            "note",
            f"{len(off)} of {counted(len(wide), 'width')} no multiple of {multiple}, which leaves kernels idle: "
            f"{_shown(graph, off)}",
            f"when training or pruning, choose multiples of {multiple}",
            tuple(one.index for one in off),
        )


def partly_filled_blocks(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Widths that do not fill the blocks of channels in which XNNPACK's kernels compute: 24 cost what 32 do."""
    graph = model.main
    if target.runtime.delegates[0] != "xnnpack":
        return
    partly = [one for one in _chosen_widths(graph) if _width(graph, one) % KERNEL_BLOCK]
    total = sum(operator_macs(graph, one) for one in graph.operators)
    idle = sum(operator_macs(graph, one) * _empty_share(_width(graph, one)) for one in partly)
    if partly and idle > _WORTH_SAYING * total:
        yield Finding(
            "kernel-block",
            "note",
            f"kernels compute {KERNEL_BLOCK} channels at a time, and {counted(len(partly), 'width')} "
            f"{'fills' if len(partly) == 1 else 'fill'} no whole blocks: {_shown(graph, partly)}; with the idle "
            f"channels there are {1 + idle / total:.2f} times the MACs",
            f"multiples of {KERNEL_BLOCK} cost no more: cut down to them, or train with up to them",
            tuple(one.index for one in partly),
        )


def _chosen_widths(graph: Subgraph) -> list[Operator]:
    """The operators whose width somebody chose. The last one's is the number of classes or outputs."""
    return [one for one in graph.operators if one.name in _WIDE and _width(graph, one)][:-1]


def _empty_share(width: int) -> float:
    """How many channels are computed in vain for each that is wanted."""
    return -(-width // KERNEL_BLOCK) * KERNEL_BLOCK / width - 1


def _shown(graph: Subgraph, operators: list[Operator]) -> str:
    return each_once(f"operator {one.index} ({_width(graph, one)})" for one in operators)


def _width(graph: Subgraph, operator: Operator) -> int:
    shape = next((tensor.shape for tensor in graph.tensors_of(operator.outputs[:1])), ())
    return shape[-1] if shape else 0
