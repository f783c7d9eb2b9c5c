"""Which share of each architecture's multiply-accumulates channel pruning can reach: the table in docs/pruning.md.

python -m benchmarks.pruning_coverage [NAME ...]
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import numpy as np

    from edgecomp.pruning.channel_graph import ChannelGraph, ChannelGroup


def measure(folder: Path) -> list[str]:
    """Analyses every architecture of keras.applications at its own input size.

    Returns:
        lines for people to read.
    """
    return [*table(application_names())]


def application_names() -> list[str]:
    """Every architecture of keras.applications."""
    import keras

    return sorted(name for name in vars(keras.applications) if name[0].isupper())


def table(names: Sequence[str]) -> Iterator[str]:
    """The lines of a Markdown table, as they are found."""
    yield "| network | MACs (M) | layers | groups | channels | cut at half the channels | can be cut | seconds |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: |"
    for name in names:
        yield _row(name)


def _row(name: str) -> str:
    import keras

    from edgecomp.pruning.analysis import analyze
    from edgecomp.pruning.calls import list_calls
    from edgecomp.pruning.cost_terms import cost_terms
    from edgecomp.pruning.costs import total_cost
    from edgecomp.pruning.flatten import flatten

    keras.backend.clear_session()
    model = flatten(_network(name))
    started = time.perf_counter()
    graph = analyze(model)
    seconds = time.perf_counter() - started
    terms = cost_terms(model, graph)
    whole, half, least = (
        total_cost(terms, _kept(graph, keep)).macs
        for keep in (lambda group: len(group.channels), lambda group: -(-len(group.channels) // 2), lambda group: 1)
    )
    channels = sum(len(group.channels) for group in graph.groups)
    return (
        f"| {name} | {whole / 1e6:,.0f} | {len(list_calls(model))} | {len(graph.groups)} | {channels:,} "
        f"| {1 - half / whole:.1%} | {1 - least / whole:.2%} | {seconds:.2f} |"
    )


def _network(name: str) -> keras.Model:
    """The architecture at its own input size, or at 224 x 224 where it leaves that open."""
    import keras

    make = getattr(keras.applications, name)
    model = make(weights=None)
    return make(weights=None, input_shape=(224, 224, 3)) if None in model.input_shape[1:] else model


def _kept(graph: ChannelGraph, keep: Callable[[ChannelGroup], int]) -> np.ndarray:
    """Which channels stay if each group keeps its first few."""
    from edgecomp.pruning.costs import kept_mask

    count = sum(len(group.channels) for group in graph.groups)
    return kept_mask(count, [channel for group in graph.groups for channel in group.channels[keep(group) :]])


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for line in table(sys.argv[1:] or application_names()):
        print(line, flush=True)
