"""Rules about what the Edge TPU takes."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import Subgraph, TfliteModel, operator_macs, weight_bytes
from .delegates import edge_tpu
from .finding import Finding, each_once

_MIB = 2**20
# "roughly 8 MB of SRAM", https://coral.ai/docs/edgetpu/compiler/#parameter-data-caching
_CACHE_BYTES = 8 * _MIB


def first_operator_off_the_edge_tpu(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """The operator that ends the part that is compiled for the Edge TPU, and what then runs on the CPU."""
    graph = model.main
    if "edgetpu" not in target.runtime.delegates or not graph.operators:
        return
    first = edge_tpu.first_left_over(graph, target.operators.accelerated)
    if first is None or _only_gives_outputs(graph, first):
        return
    operator = graph.operators[first]
    reason = edge_tpu.refusal(graph, operator, target.operators.accelerated)
    behind = graph.operators[first:]
    nothing = not edge_tpu.taken(graph, target.operators.accelerated)
    yield Finding(
        "edge-tpu",
        "blocker" if nothing else "warning",
        f"the Edge TPU does not take operator {first} of {len(graph.operators)} ({operator.name}): {reason}. "
        f"{'It' if len(behind) == 1 else f'These {len(behind)} operators'} with {_share_of_macs(graph, first)} of the "
        f"MACs {'runs' if len(behind) == 1 else 'run'} on the CPU: {each_once(one.name for one in behind)}",
        "replace the layer, or move it to the end of the model",
        tuple(one.index for one in behind),
    )


def weights_beyond_the_cache(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Weights that do not stay on the chip from one inference to the next."""
    stored = weight_bytes(model)
    if "edgetpu" in target.runtime.delegates and stored > _CACHE_BYTES:
        yield Finding(
            "edge-tpu-cache",
            "note",
            f"{stored / _MIB:.1f} MiB of weights; the Edge TPU keeps about 8 and fetches the rest for every inference",
            "prune the model, or use a smaller one",
        )


def _only_gives_outputs(graph: Subgraph, first: int) -> bool:
    """Whether all from an operator on are conversions of the graph's outputs to float."""
    return all(one.name == "DEQUANTIZE" and set(one.outputs) <= set(graph.outputs) for one in graph.operators[first:])


def _share_of_macs(graph: Subgraph, first: int) -> str:
    macs = [operator_macs(graph, one) for one in graph.operators]
    return f"{sum(macs[first:]) / max(sum(macs), 1):.0%}"
