"""Rules about number formats: which the device runs, and where a model changes between them."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import Operator, Subgraph, Tensor, TfliteModel
from ..tflite import scheme as scheme_of
from .finding import Finding, counted, each_once

_INTEGERS = ("int8", "uint8", "int16")
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")


def scheme(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """The model's number format against those that the device runs, and runs fast."""
    found, rules = scheme_of(model), target.model
    # TFLite Micro's kernels know no arithmetic in uint8.
    same = {"mixed": "float32"} if target.micro_kernels else {"mixed": "float32", "uint8": "int8"}
    runs = same.get(found, found)
    if found == "float32" and rules.default_scheme != "float32":
        yield Finding(
            "float-scheme",
            "note",
            f"the model computes in float32; {target.name} prefers {rules.default_scheme}",
            f"edgecomp convert --target {target.name} makes it",
        )
    elif runs not in rules.schemes:
        yield Finding(
            "refused-scheme",
            "blocker",
            f"the model is {found}, and {target.name} runs {', '.join(rules.schemes)}",
            f"convert the float model with --scheme {rules.default_scheme}",
        )
    elif runs in rules.slow_schemes:
        yield Finding(
            "slow-scheme",
            "warning",
            f"{found} has no fast kernels on {target.name}",
            f"convert the float model with --scheme {rules.default_scheme}",
        )


def inputs_and_outputs(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Dtypes at the edges that the runtime refuses, as LiteRT.js does int8 tensors."""
    if scheme_of(model) == "float32":
        return  # conversion decides
    allowed = {"int8": ("int8", "int16"), "float": ("float32",)}
    refused = {dtype for kind, dtypes in allowed.items() if kind not in target.model.io for dtype in dtypes}
    named = [f"{one.name} ({one.dtype})" for one in (*model.inputs, *model.outputs) if one.dtype in refused]
    if named:
        yield Finding(
            "refused-io",
            "blocker",
            f"{target.name} takes {' and '.join(target.model.io)} tensors, not {each_once(named)}",
            f"convert the model with --io {target.model.default_io}",
        )


def uint8_on_32_bit_arm(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """XNNPACK computes uint8 without dot products on 32-bit ARM, since those were found to be wrong there
    (https://github.com/google/XNNPACK/issues/6653)."""
    if target.os.arch != "armv7l":
        return
    graph = model.main
    found = [one.index for one in graph.operators if one.name not in _CONVERSIONS and _computes_in(graph, one, "uint8")]
    if found:
        yield Finding(
            "uint8-on-32-bit-arm",
            "warning",
            f"{counted(len(found), 'operator')} in uint8, which has slow kernels on 32-bit ARM",
            "convert the float model to int8, as edgecomp convert does",
            tuple(found),
        )


def float_islands(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Operators that compute in float between others that compute in integers."""
    for island in _islands(model.main):
        names = each_once(model.main.operators[index].name for index in island)
        yield Finding(
            "float-island",
            "warning" if "float32" in target.model.schemes else "blocker",
            f"{counted(len(island), 'operator')} in float32 between integer ones ({names}), with conversions around",
            "let these layers be int8 as well, unless they stay float on purpose because int8 costs accuracy there",
            island,
        )


def needless_conversions(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Conversions that cancel out, or change nothing."""
    graph = model.main
    producers = {tensor: one for one in graph.operators for tensor in one.outputs}
    for operator in graph.operators:
        if operator.name not in _CONVERSIONS or not operator.inputs or not operator.outputs:
            continue
        before = producers.get(operator.inputs[0])
        if before is not None and {before.name, operator.name} == set(_CONVERSIONS) and _is_computed(graph, before):
            yield Finding(
                "needless-conversion",
                "warning",
                f"operators {before.index} and {operator.index} ({before.name}, {operator.name}) convert numbers and "
                "back, which costs time and rounds",
                "quantize the whole model in one go (edgecomp convert does)",
                (before.index, operator.index),
            )
        elif operator.name == "QUANTIZE" and _same_numbers(graph, operator):
            yield Finding(
                "needless-conversion",
                "warning",
                f"operator {operator.index} (QUANTIZE) gives the numbers that it takes",
                "quantize the whole model in one go (edgecomp convert does)",
                (operator.index,),
            )


def _islands(graph: Subgraph) -> Iterator[tuple[int, ...]]:
    """Groups of float operators, connected by float tensors, that integers go into and come out of."""
    floats = {
        one.index for one in graph.operators if one.name not in _CONVERSIONS and _computes_in(graph, one, "float32")
    }
    touching: dict[int, list[int]] = {}
    for operator in graph.operators:
        for tensor in {*operator.inputs, *operator.outputs} - {-1}:
            if graph.tensors[tensor].dtype == "float32" and not graph.tensors[tensor].is_constant:
                touching.setdefault(tensor, []).append(operator.index)
    while floats:
        group, pending, entered, left = [], [floats.pop()], False, False
        while pending:
            operator = graph.operators[pending.pop()]
            group.append(operator.index)
            for tensor in {*operator.inputs, *operator.outputs} & touching.keys():
                for index in touching[tensor]:
                    other = graph.operators[index]
                    entered |= other.name == "DEQUANTIZE" and tensor in other.outputs and _is_computed(graph, other)
                    left |= other.name == "QUANTIZE" and tensor in other.inputs
                    if index in floats:
                        floats.remove(index)
                        pending.append(index)
        if entered and left:
            yield tuple(sorted(group))


def _computes_in(graph: Subgraph, operator: Operator, dtype: str) -> bool:
    tensors = graph.tensors_of((*operator.inputs, *operator.outputs))
    return any(one.dtype == dtype and not one.is_constant and _is_number(one) for one in tensors)


def _is_number(tensor: Tensor) -> bool:
    return tensor.dtype == "float32" or tensor.quantization is not None


def _is_computed(graph: Subgraph, operator: Operator) -> bool:
    """Whether a conversion works on what is computed, and does not unpack a constant."""
    return not any(tensor.is_constant for tensor in graph.tensors_of(operator.inputs))


def _same_numbers(graph: Subgraph, operator: Operator) -> bool:
    if min(operator.inputs[0], operator.outputs[0]) < 0:
        return False
    source, result = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    known = source.quantization is not None and source.quantization == result.quantization
    return known and source.dtype == result.dtype in _INTEGERS
