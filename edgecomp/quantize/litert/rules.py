"""What the quantizer is told to do with which operators, as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...tflite import TfliteModel
from ..schemes import INTEGERS, Integers

Rule = dict[str, Any]
"""One entry of a recipe as litert-quantizer's `Quantizer(recipe)` loads it from JSON."""

# The quantizer takes the last rule whose pattern is found in the names of an operator's outputs. Rules with the same
# pattern keep the place of the first, so that the edges of the graph need a pattern of their own to come after others.
_EVERYWHERE = ".*"
_AT_THE_EDGES = "^"
_EVERY_OPERATOR = "*"


def recipe(
    model: TfliteModel,
    scheme: str,
    *,
    float_operators: Iterable[str],
    float_inputs: bool,
    float_outputs: bool,
    symmetric_activations: bool,
    per_tensor_weights: bool,
) -> list[Rule]:
    """The rules for one file, weakest first.

    Args:
        model: the float file.
        scheme: the number format; not "float32".
        float_operators: output tensors of operators of the main graph that stay as they are.
        float_inputs: whether the inputs stay float32 where the scheme has integer activations.
        float_outputs: likewise the outputs.
        symmetric_activations: whether zero points are 0 wherever a kernel does not fix them.
        per_tensor_weights: whether all channels of a layer share one scale.
    """
    if scheme == "float16":
        return [_float16(), *_kept_operators(model, float_operators)]
    integers = INTEGERS[scheme]
    operators = _operators(integers, symmetric=symmetric_activations, per_tensor=per_tensor_weights)
    rules = [*operators, *_kept_operators(model, float_operators)]
    if integers.activations is None:
        return rules
    edge = _integers(8, integers.activations, symmetric=symmetric_activations, per_tensor=True)
    for name, stays in (("INPUT", float_inputs), ("OUTPUT", float_outputs)):
        rules.append(_kept(_AT_THE_EDGES, name) if stays else _rule(_AT_THE_EDGES, name, edge))
    return [*rules, *_kept_loops(model)]


def _operators(integers: Integers, *, symmetric: bool, per_tensor: bool) -> Iterator[Rule]:
    def config(bits: int, operator: str) -> dict[str, Any]:
        shared = per_tensor or operator in integers.per_tensor
        return _integers(bits, integers.activations, symmetric=symmetric, per_tensor=shared)

    yield _rule(_EVERYWHERE, _EVERY_OPERATOR, config(integers.weights, _EVERY_OPERATOR))
    bits = dict.fromkeys(integers.per_tensor, integers.weights) | dict(integers.fewer)
    for name in sorted(bits):
        yield _rule(_EVERYWHERE, name, config(bits[name], name))
    for name in integers.left_float:
        yield _kept(_EVERYWHERE, name)


def _integers(weights: int, activations: int | None, *, symmetric: bool, per_tensor: bool) -> dict[str, Any]:
    config: dict[str, Any] = {
        "weight_tensor_config": {
            "num_bits": weights,
            "symmetric": True,
            "granularity": "TENSORWISE" if per_tensor else "CHANNELWISE",
        },
        "compute_precision": "INTEGER",
        "explicit_dequantize": False,
    }
    if activations is not None:
        # Kernels with int16 activations take no zero points.
        config["activation_tensor_config"] = {"num_bits": activations, "symmetric": symmetric or activations == 16}
    return config


def _float16() -> Rule:
    config = {
        "weight_tensor_config": {"num_bits": 16, "dtype": "FLOAT"},
        "compute_precision": "FLOAT",
        "explicit_dequantize": True,
    }
    return _rule(_EVERYWHERE, _EVERY_OPERATOR, config, algorithm="float_casting")


def _kept_operators(model: TfliteModel, outputs: Iterable[str]) -> Iterator[Rule]:
    """Rules for the operators that compute these tensors. The quantizer knows an operator by all its outputs' names."""
    wanted, graph = set(outputs), model.main
    for operator in graph.operators:
        names = [tensor.name for tensor in graph.tensors_of(operator.outputs)]
        if not wanted.isdisjoint(names):
            yield _kept("^" + re.escape("".join(f"{name};" for name in names)) + "$", _EVERY_OPERATOR)


def _kept_loops(model: TfliteModel) -> Iterator[Rule]:
    """Leaves the bodies of control flow (recurrent layers) at float: a loop's state has no fixed range to quantize."""
    for graph in model.subgraphs[1:]:
        for tensor in graph.tensors:
            yield _kept(f"^{re.escape(tensor.name)}(;|$)", _EVERY_OPERATOR)


def _kept(pattern: str, operator: str) -> Rule:
    return {"regex": pattern, "operation": operator, "algorithm_key": "no_quantize"}


def _rule(pattern: str, operator: str, config: dict[str, Any], algorithm: str = "min_max_uniform_quantize") -> Rule:
    return {"regex": pattern, "operation": operator, "algorithm_key": algorithm, "op_config": config}
