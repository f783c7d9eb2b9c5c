"""Operators with integer kernels that the quantizer does not know, so that they need not stay float.

Each is shown to the quantizer under the name of one that it does know, with the same inputs, the same shapes and the
same relation between the scales of input and output; afterwards it gets its own name back.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...tflite import read_tflite
from ...tflite.packing import pack, unpack
from .rewrite import set_operator

# Those whose integer kernels were seen to be right in LiteRT 2.3.0 and tflite-runtime 2.14.0, with XNNPACK and without.
# Left out: LOG (absent in 2.14), and what changes shapes in ways that no other operator does (DEPTH_TO_SPACE,
# SPACE_TO_BATCH_ND, ...), since the quantizer opens the file in an interpreter.
_WITH_INT16 = {"LEAKY_RELU": "RELU", "RELU6": "RELU", "ABS": "RELU", "REDUCE_MAX": "REDUCE_MIN", "MINIMUM": "MAXIMUM"}
_INT8_ONLY = {"ELU": "RELU", "EXP": "RELU", "RELU_N1_TO_1": "RELU", "PRELU": "MUL"}
STAND_INS: Mapping[int, Mapping[str, str]] = {8: _WITH_INT16 | _INT8_ONLY, 16: _WITH_INT16}
"""The operator that stands in for another, by the bits of the activations."""


def with_stand_ins(data: bytes, bits: int) -> tuple[bytes, dict[str, str]]:
    """Renames operators of the main graph that compute float32.

    Args:
        data: a float .tflite.
        bits: of the integer activations to come, 8 or 16.

    Returns:
        The file for the quantizer, which computes something else; and the operators' own names by the names of their
        outputs, for `with_own_names`.
    """
    graph, stand_ins = read_tflite(data).main, STAND_INS[bits]
    found = [
        operator
        for operator in graph.operators
        if operator.name in stand_ins and graph.tensors[operator.outputs[0]].dtype == "float32"
    ]
    if not found:
        return data, {}
    model = unpack(data)
    for operator in found:
        set_operator(model, model.subgraphs[0].operators[operator.index], stand_ins[operator.name])
    return pack(model, data), {graph.tensors[one.outputs[0]].name: one.name for one in found}


def with_own_names(data: bytes, own: Mapping[str, str]) -> bytes:
    """Undoes `with_stand_ins` in the quantized file.

    Args:
        data: what the quantizer made.
        own: the operators' own names by the names of their outputs.
    """
    if not own:
        return data
    graph = read_tflite(data).main
    model = unpack(data)
    for operator in graph.operators:
        name = own.get(graph.tensors[operator.outputs[0]].name) if operator.outputs else None
        if name is not None and operator.name not in ("QUANTIZE", "DEQUANTIZE"):
            set_operator(model, model.subgraphs[0].operators[operator.index], name)
    return pack(model, data)
