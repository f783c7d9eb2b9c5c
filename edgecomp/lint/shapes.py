"""Rules about shapes."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import TfliteModel
from .finding import Finding, counted


def dynamic_shapes(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Sizes that are only known when the model runs: compilers for accelerators refuse them, delegates plan anew."""
    graph = model.main
    count = sum(tensor.dynamic for one in model.subgraphs for tensor in one.tensors)
    if not count:
        return
    with_dynamic = [one.index for one in graph.operators if any(t.dynamic for t in graph.tensors_of(one.outputs))]
    yield Finding(
        "dynamic-shapes",
        "blocker" if target.model.static_shapes else "warning",
        f"{counted(count, 'tensor')} with sizes that are only known when the model runs",
        "export the model with a fixed batch of 1 and fixed sizes (edgecomp convert does; --input-shape gives sizes)",
        tuple(with_dynamic),
    )
