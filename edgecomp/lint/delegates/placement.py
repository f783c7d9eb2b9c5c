"""Where the operators of a model run: how many each delegate of a target takes, and in how many parts."""

from __future__ import annotations

from dataclasses import dataclass

from ...targets import Target
from ...tflite import TfliteModel
from . import edge_tpu, xnnpack
from .partitions import Partition, partition

# Packages whose delegate is the one that `xnnpack` describes; tflite-runtime 2.14 brings an older one.
_LITERT = ("ai-edge-litert", "@litertjs/core", "com.google.ai.edge.litert:litert")


@dataclass(frozen=True)
class Placement:
    """What a delegate makes of the main graph.

    Args:
        delegate: "xnnpack" or "edgetpu".
        operators: how many operators the graph has.
        taken: how many of them the delegate takes.
        partitions: in how many parts it runs them.
    """

    delegate: str
    operators: int
    taken: int
    partitions: int


def placements(model: TfliteModel, target: Target) -> tuple[Placement, ...]:
    """One for each delegate of the target that edgecomp can predict."""
    found = []
    if runs_xnnpack(target):
        parts = [one for one in xnnpack_partitions(model) if one.delegated]
        found.append(("xnnpack", sum(len(one.operators) for one in parts), len(parts)))
    if "edgetpu" in target.runtime.delegates:
        taken = edge_tpu.taken(model.main, target.operators.accelerated)
        found.append(("edgetpu", len(taken), min(len(taken), 1)))
    total = len(model.main.operators)
    return tuple(Placement(name, total, taken, parts) for name, taken, parts in found)


def runs_xnnpack(target: Target) -> bool:
    """Whether the target's default is the XNNPACK delegate of LiteRT."""
    return target.runtime.delegates[0] == "xnnpack" and target.runtime.packages[0].name in _LITERT


def xnnpack_partitions(model: TfliteModel) -> tuple[Partition, ...]:
    """The parts in which LiteRT runs the main graph with XNNPACK."""
    graph = model.main
    return partition(graph, {one.index for one in graph.operators} - xnnpack.left_over(graph).keys())
