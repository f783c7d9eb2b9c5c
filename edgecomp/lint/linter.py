"""Runs every rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from ..targets import Target
from ..tflite import Subgraph, TfliteModel, operator_layers
from . import acceleration, edge_tpu, memory, micro, numbers, operators, shapes, widths
from .finding import SEVERITIES, Finding

Rule = Callable[[TfliteModel, Target], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    operators.flex_operators,
    operators.custom_operators,
    operators.missing_operators,
    edge_tpu.first_operator_off_the_edge_tpu,
    edge_tpu.weights_beyond_the_cache,
    acceleration.operators_that_xnnpack_fails_on,
    acceleration.operators_left_over_by_xnnpack,
    acceleration.partitions_of_xnnpack,
    acceleration.first_operator_off_the_accelerator,
    micro.weights_behind_the_flatbuffer,
    micro.edges_without_a_c_type,
    numbers.scheme,
    numbers.inputs_and_outputs,
    numbers.uint8_on_32_bit_arm,
    numbers.float_islands,
    numbers.needless_conversions,
    shapes.dynamic_shapes,
    memory.file_size,
    memory.peak_memory,
    widths.widths_off_the_multiple,
    widths.partly_filled_blocks,
)


def lint(model: TfliteModel, target: Target, layer_names: Collection[str] = ()) -> tuple[Finding, ...]:
    """Compares a model with a profile.

    Args:
        model: the model.
        target: the profile.
        layer_names: of the Keras model it came from, if known, which makes the layers of findings exact.

    Returns:
        what was found, blockers first, then warnings, then notes; within each in the order of `RULES`.
    """
    layers = _layers(model.main, layer_names)
    found = [_located(one, model, layers) for rule in RULES for one in rule(model, target)]
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


def _layers(graph: Subgraph, layer_names: Collection[str]) -> tuple[str | None, ...]:
    """The layer of each operator; that of the operator before it where names tell none, as for the last activation,
    whose result has the name of the output."""
    named = operator_layers(graph, layer_names)
    layers: list[str | None] = []
    producers: dict[int, int] = {}
    for operator, layer in zip(graph.operators, named, strict=True):
        before = (producers[tensor] for tensor in operator.inputs if tensor in producers)
        layers.append(layer or next((layers[index] for index in before), None))
        producers |= dict.fromkeys(operator.outputs, operator.index)
    return tuple(layers)


def _located(finding: Finding, model: TfliteModel, layers: tuple[str | None, ...]) -> Finding:
    """The finding with the names and layers of its operators."""
    ops = dict.fromkeys(model.main.operators[index].name for index in finding.operators)
    known = dict.fromkeys(layer for index in finding.operators if (layer := layers[index]) is not None)
    return replace(finding, ops=tuple(ops), layers=tuple(known))
