"""Operators that XNNPACK takes and cannot set up: predicted where, and only where, LiteRT refuses the file."""

from __future__ import annotations

from typing import Any

import pytest
from ai_edge_litert.interpreter import Interpreter

from edgecomp.lint.delegates.xnnpack import failure
from edgecomp.tflite import read_tflite

IMAGE = (1, 8, 8, 4)


def _scaled(draft: Any, name: str, dtype: str, ratio: float, per_channel: bool) -> bytes:
    """An operator with weights whose sums are rescaled by `ratio`."""
    flat, channels = name == "FULLY_CONNECTED", 4
    shape = {"FULLY_CONNECTED": (4, 4), "DEPTHWISE_CONV_2D": (1, 1, 1, 4)}.get(name, (4, 1, 1, 4))
    axis = 3 if name == "DEPTHWISE_CONV_2D" and per_channel else 0
    scales = [0.01] * 3 + [0.02] if per_channel else [0.02]
    weights = draft.tensor(shape, dtype, values=1, scale=scales, axis=axis)
    source = draft.tensor((1, 4) if flat else IMAGE, dtype, scale=0.1)
    bias = draft.tensor((channels,), "int32", values=0, scale=[0.1 * one for one in scales])
    result = draft.tensor((1, 4) if flat else IMAGE, dtype, scale=0.1 * 0.02 / ratio)
    inputs = [source, weights, bias]
    kind = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}.get(name, "TransposeConvOptions")
    options: dict[str, Any] = {"kind": kind, "strideH": 1, "strideW": 1}
    options |= {"depthMultiplier": 1} if "Depth" in kind else {}
    if name == "TRANSPOSE_CONV":
        inputs = [draft.tensor((4,), "int32", values=IMAGE), weights, source, bias]
    if flat:
        options = {"kind": "FullyConnectedOptions", "fusedActivationFunction": 0}
    draft.operator(name, inputs, [result], 3, **options)
    return bytes(draft.file([source], [result]))


def _joined(draft: Any, scale: float) -> bytes:
    one, other = draft.tensor(IMAGE, "int8", scale=0.1), draft.tensor(IMAGE, "int8", scale=scale)
    result = draft.tensor((1, 8, 8, 8), "int8", scale=0.1)
    draft.operator("CONCATENATION", [one, other], [result], 2, kind="ConcatenationOptions", axis=3)
    return bytes(draft.file([one, other], [result]))


def _fails(file: bytes) -> tuple[bool, bool]:
    """Whether setting up is predicted to fail, and whether it does."""
    graph = read_tflite(file).main
    expected = failure(graph, graph.operators[0]) is not None
    interpreter = Interpreter(model_content=file, num_threads=1)
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        return expected, "Delegate) failed to prepare" in str(error)
    return expected, False


@pytest.mark.parametrize("ratio", [0.5, 255.0, 257.0])
@pytest.mark.parametrize(("dtype", "per_channel"), [("int8", True), ("int8", False), ("uint8", False)])
@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"])
def test_scales_that_cannot_be_set_up(new_draft: Any, name: str, dtype: str, per_channel: bool, ratio: float) -> None:
    expected, happened = _fails(_scaled(new_draft(), name, dtype, ratio, per_channel))
    assert expected == happened == (ratio > 256)


def test_tensors_of_other_scales_cannot_be_joined(new_draft: Any) -> None:
    assert _fails(_joined(new_draft(), 0.2)) == (True, True)
    assert _fails(_joined(new_draft(), 0.1)) == (False, False)
