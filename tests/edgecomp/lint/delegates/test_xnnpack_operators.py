"""Single operators: what is predicted of the XNNPACK delegate held against what LiteRT's delegate takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.lint.delegates.xnnpack import left_over
from edgecomp.tflite import read_tflite

IMAGE = (1, 8, 8, 4)
Write = Callable[[Any], bytes]
_NO_SECOND_VERSION = frozenset({"HARD_SWISH", "ELU", "ABS", "GELU", "PRELU", "RESHAPE", "EXPAND_DIMS"})
CASES: dict[str, Write] = {}


def unary(name: str, dtype: str, **options: Any) -> None:
    scale, zero_point = options.pop("scale", None), options.pop("zero_point", 0)
    shape, tag = options.pop("shape", IMAGE), options.pop("tag", "")

    def write(draft: Any) -> bytes:
        source = draft.tensor(shape, dtype)
        result = draft.tensor(shape, dtype, scale=scale if dtype != "float32" else None, zero_point=zero_point)
        draft.operator(name, [source], [result], version=_version(name, dtype), **options)
        return bytes(draft.file([source], [result]))

    CASES[f"{name} {dtype} {tag}".strip()] = write


def binary(name: str, dtype: str, *, kind: str, constant: bool = False, tag: str = "", **changes: Any) -> None:
    left, right, result = changes.get("left"), changes.get("right"), changes.get("result")
    fused = changes.get("fused", 0)

    def write(draft: Any) -> bytes:
        values = np.ones(IMAGE) if constant else None
        one, two = draft.tensor(IMAGE, dtype, scale=left), draft.tensor(IMAGE, dtype, scale=right, values=values)
        out = draft.tensor(IMAGE, dtype, scale=result)
        options = {"kind": kind} | ({"fusedActivationFunction": fused} if fused else {})
        draft.operator(name, [one, two], [out], version=_version(name, dtype), **options)
        return bytes(draft.file([one] if constant else [one, two], [out]))

    CASES[f"{name} {dtype} {tag}".strip()] = write


def weighted(name: str, dtype: str, stored: str | None = None, *, tag: str = "", **changes: Any) -> None:
    """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED, with `stored` as the dtype of the weights."""
    stored = stored or dtype
    channels = 8 if name != "DEPTHWISE_CONV_2D" else 4
    wide = changes.get("inputs", 4)
    shapes = {"CONV_2D": (8, 3, 3, 4), "DEPTHWISE_CONV_2D": (1, 3, 3, 4), "FULLY_CONNECTED": (8, wide)}
    flat = name == "FULLY_CONNECTED"
    axis = changes.get("axis", 3 if name == "DEPTHWISE_CONV_2D" else 0)
    options = changes.get("options", {})

    def write(draft: Any) -> bytes:
        source = draft.tensor((1, wide) if flat else IMAGE, dtype)
        per_channel = changes.get("per_channel", True) and stored in ("int8", "int4")
        scales = [0.01] * shapes[name][axis] if per_channel else 0.01
        weights = draft.tensor(
            shapes[name],
            stored,
            values=None if changes.get("computed") else 1,
            scale=None if stored == "float32" else scales,
            axis=axis,
        )
        sums = "float32" if dtype == "float32" else "int32"
        bias_scale = None if sums == "float32" else ([0.001] * channels if per_channel else 0.001)
        bias = draft.tensor((channels,), sums, values=0, scale=bias_scale)
        result = draft.tensor((1, channels) if flat else (1, 8, 8, channels), dtype)
        inputs = [source, weights] if changes.get("no_bias") else [source, weights, bias]
        kind = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}.get(name)
        chosen = {"strideH": 1, "strideW": 1} | ({"depthMultiplier": 1} if kind and "Depth" in kind else {})
        chosen = {"fusedActivationFunction": 0} if flat else chosen
        chosen |= options
        draft.operator(
            name, inputs, [result], version=_version(name, dtype), kind=kind or "FullyConnectedOptions", **chosen,
        )  # fmt: skip
        given = [source, weights] if changes.get("computed") else [source]
        return bytes(draft.file(given, [result]))

    CASES[f"{name} {dtype} {stored} {tag}".strip()] = write


def listed(name: str, dtype: str, second: Any, result: tuple[int, ...], *, tag: str = "", **options: Any) -> None:
    """An operator with one tensor and a list of int32 behind it (axes, paddings, sizes)."""
    source_shape = options.pop("source", IMAGE)
    scale = options.pop("scale", None)
    computed = options.pop("computed", False)

    def write(draft: Any) -> bytes:
        source = draft.tensor(source_shape, dtype)
        values = np.array(second, np.int32)
        numbers = draft.tensor(values.shape, "int32", values=None if computed else values)
        out = draft.tensor(result, dtype, scale=scale)
        draft.operator(name, [source, numbers], [out], version=_version(name, dtype), **options)
        return bytes(draft.file([source, numbers] if computed else [source], [out]))

    CASES[f"{name} {dtype} {tag}".strip()] = write


def _version(name: str, dtype: str) -> int:
    return 2 if dtype != "float32" and name not in _NO_SECOND_VERSION else 1


for _name in ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LOG", "NEG", "RELU", "RELU6"):
    unary(_name, "float32")
for _name in ("RELU_N1_TO_1", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT", "SQUARE", "TANH", "LOGISTIC", "RELU_0_TO_1"):
    unary(_name, "float32")
for _dtype in ("int8", "uint8"):
    _low = -128 if _dtype == "int8" else 0
    unary("LOGISTIC", _dtype, scale=1 / 256, zero_point=_low)
    unary("TANH", _dtype, scale=1 / 128, zero_point=_low + 128)
    unary("RELU", _dtype)
    unary("HARD_SWISH", _dtype)
    unary("SOFTMAX", _dtype, scale=1 / 256, zero_point=_low, kind="SoftmaxOptions", beta=1.0)
    unary("LEAKY_RELU", _dtype, kind="LeakyReluOptions", alpha=0.2)
    unary("MAX_POOL_2D", _dtype, kind="Pool2DOptions", filterHeight=3, filterWidth=3, strideH=1, strideW=1)
    unary("AVERAGE_POOL_2D", _dtype, kind="Pool2DOptions", filterHeight=3, filterWidth=3, strideH=1, strideW=1)
    unary("QUANTIZE", _dtype, scale=0.2)
    unary("QUANTIZE", _dtype, scale=100.0, tag="far apart")
unary("ELU", "int8")
unary("ABS", "int8")
unary("ABS", "float32", shape=(1, 1, 2, 2, 2, 2, 2), tag="seven axes")
unary("SOFTMAX", "float32", kind="SoftmaxOptions", beta=1.0)
unary("SOFTMAX", "float32", kind="SoftmaxOptions", beta=2.0, tag="beta 2")
unary("LEAKY_RELU", "float32", kind="LeakyReluOptions", alpha=0.0, tag="flat")
unary("AVERAGE_POOL_2D", "float32", kind="Pool2DOptions", filterHeight=3, filterWidth=3, strideH=1, strideW=1)
unary(
    "MAX_POOL_2D", "float32", kind="Pool2DOptions", tag="tanh",
    filterHeight=3, filterWidth=3, strideH=1, strideW=1, fusedActivationFunction=4,
)  # fmt: skip
for _name, _kind in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions")):
    for _dtype in ("float32", "int8", "uint8"):
        binary(_name, _dtype, kind=_kind)
        binary(_name, _dtype, kind=_kind, constant=True, tag="constant")
    binary(_name, "float32", kind=_kind, fused=1, tag="relu")
    binary(_name, "int8", kind=_kind, result=50.0, left=0.001, right=0.001, tag="far apart")
binary("ADD", "float32", kind="AddOptions", fused=4, tag="tanh")
binary("ADD", "int32", kind="AddOptions")
for _name, _kind in (
    *(("DIV", "DivOptions"), ("MAXIMUM", "MaximumMinimumOptions"), ("MINIMUM", "MaximumMinimumOptions")),
    *(("SQUARED_DIFFERENCE", "SquaredDifferenceOptions"), ("POW", "PowOptions")),
):
    binary(_name, "float32", kind=_kind)
for _name in ("MAXIMUM", "MINIMUM"):
    binary(_name, "int8", kind="MaximumMinimumOptions")
for _name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
    weighted(_name, "float32")
    weighted(_name, "int8")
    weighted(_name, "int8", per_channel=False, tag="one scale")
    weighted(_name, "uint8", per_channel=False)
    weighted(_name, "float32", "int8", tag="dynamic")
    if _name != "DEPTHWISE_CONV_2D":
        weighted(_name, "float32", "int8", per_channel=False, tag="dynamic, one scale")
    weighted(_name, "float32", computed=True, tag="computed weights")
    weighted(_name, "float32", options={"fusedActivationFunction": 3}, tag="relu6")
weighted("FULLY_CONNECTED", "float32", no_bias=True, tag="no bias")
for _dtype in ("float32", "int8"):
    weighted("FULLY_CONNECTED", _dtype, "int4")
    weighted("FULLY_CONNECTED", _dtype, "int4", per_channel=False, tag="one scale")
    weighted("FULLY_CONNECTED", _dtype, "int4", inputs=5, tag="odd")
for _dtype in ("float32", "int8", "uint8"):
    for _name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
        if (_name, _dtype) in (("REDUCE_PROD", "uint8"),):
            continue
        listed(_name, _dtype, [1, 2], (1, 1, 1, 4), kind="ReducerOptions", keepDims=True)
    listed("MEAN", _dtype, [3], (1, 8, 8), kind="ReducerOptions", tag="channels")
    listed("PAD", _dtype, [[0, 0], [1, 1], [1, 1], [0, 0]], (1, 10, 10, 4), kind="PadOptions")
    listed("RESHAPE", _dtype, [1, 64, 4], (1, 64, 4), kind="ReshapeOptions")
    listed("TRANSPOSE", _dtype, [0, 3, 1, 2], (1, 4, 8, 8), kind="TransposeOptions")
    listed("EXPAND_DIMS", _dtype, 0, (1, 1, 8, 8, 4), kind="ExpandDimsOptions")
    for _name in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        _kind = "ResizeBilinearOptions" if "BI" in _name else "ResizeNearestNeighborOptions"
        listed(_name, _dtype, [16, 16], (1, 16, 16, 4), kind=_kind, halfPixelCenters=True)
listed("RESHAPE", "int8", [1, 64, 4], (1, 64, 4), kind="ReshapeOptions", scale=0.2, tag="other scale")
listed("PAD", "float32", [[0, 0]] * 4, IMAGE, kind="PadOptions", computed=True, tag="computed")


def joined(count: int, dtype: str, *, other_scale: bool = False) -> None:
    def write(draft: Any) -> bytes:
        sources = [draft.tensor(IMAGE, dtype, scale=0.2 if other_scale and place else None) for place in range(count)]
        result = draft.tensor((1, 8, 8, 4 * count), dtype)
        draft.operator("CONCATENATION", sources, [result], 2, kind="ConcatenationOptions", axis=3)
        return bytes(draft.file(sources, [result]))

    CASES[f"CONCATENATION {dtype} {count} {'other scale' if other_scale else ''}"] = write


def split(count: int, dtype: str) -> None:
    def write(draft: Any) -> bytes:
        axis, source = draft.tensor((), "int32", values=3), draft.tensor((1, 8, 8, 30), dtype)
        results = [draft.tensor((1, 8, 8, 30 // count), dtype) for _ in range(count)]
        draft.operator("SPLIT", [axis, source], results, 2, kind="SplitOptions", numSplits=count)
        return bytes(draft.file([source], results))

    CASES[f"SPLIT {dtype} {count}"] = write


def sliced(name: str, dtype: str, *, tag: str = "", last: int = 4, **options: int) -> None:
    """Rows 1 to 6 of the image; `last` is the size, or the end, along the channels."""

    def write(draft: Any) -> bytes:
        source = draft.tensor(IMAGE, dtype)
        steps = options.get("step", 1)
        ends = [1, 6, 8, last] if name == "SLICE" else [1, 7, 8, last]
        ranges = [draft.tensor((4,), "int32", values=values) for values in ([0, 1, 0, 0], ends)]
        shape: tuple[int, ...] = (1, 6 // steps, 8, 4)
        table: dict[str, Any] = {"kind": "SliceOptions"}
        if name == "STRIDED_SLICE":
            ranges.append(draft.tensor((4,), "int32", values=[1, steps, 1, 1]))
            table = {"kind": "StridedSliceOptions", "shrinkAxisMask": options.get("shrink", 0)}
            shape = shape[1:] if options.get("shrink") else shape
        result = draft.tensor(shape, dtype)
        draft.operator(name, [source, *ranges], [result], 2 if dtype != "float32" else 1, **table)
        return bytes(draft.file([source], [result]))

    CASES[f"{name} {dtype} {tag}".strip()] = write


def transposed(dtype: str, stored: str | None = None, *, bias: bool = False) -> None:
    stored = stored or dtype

    def write(draft: Any) -> bytes:
        size = draft.tensor((4,), "int32", values=[1, 16, 16, 8])
        scale = None if stored == "float32" else [0.01] * 8
        weights = draft.tensor((8, 2, 2, 4), stored, values=1, scale=scale)
        source, result = draft.tensor(IMAGE, dtype), draft.tensor((1, 16, 16, 8), dtype)
        inputs = [size, weights, source]
        if bias:
            wide = "float32" if dtype == "float32" else "int32"
            inputs.append(draft.tensor((8,), wide, values=0, scale=None if wide == "float32" else [0.001] * 8))
        options = {"kind": "TransposeConvOptions", "strideH": 2, "strideW": 2}
        draft.operator("TRANSPOSE_CONV", inputs, [result], 3 if bias else 2, **options)
        return bytes(draft.file([source], [result]))

    CASES[f"TRANSPOSE_CONV {dtype} {stored} {'bias' if bias else ''}"] = write


def matrices(dtype: str, stored: str | None = None, *, constant: bool = False) -> None:
    def write(draft: Any) -> bytes:
        left = draft.tensor((1, 2, 6, 4), dtype)
        right = draft.tensor((1, 2, 4, 5), stored or dtype, values=1 if constant else None)
        result = draft.tensor((1, 2, 6, 5), dtype)
        draft.operator("BATCH_MATMUL", [left, right], [result], 2 if dtype == "int8" else 1, kind="BatchMatMulOptions")
        return bytes(draft.file([left] if constant else [left, right], [result]))

    CASES[f"BATCH_MATMUL {dtype} {stored} {constant}"] = write


def between(name: str, source_dtype: str, result_dtype: str, **options: Any) -> None:
    """One tensor of one dtype into one of another."""

    def write(draft: Any) -> bytes:
        source, result = draft.tensor(IMAGE, source_dtype), draft.tensor(IMAGE, result_dtype)
        draft.operator(name, [source], [result], 2 if name == "DEQUANTIZE" else 1, **options)
        return bytes(draft.file([source], [result]))

    CASES[f"{name} {source_dtype} {result_dtype}"] = write


def blocks(name: str, dtype: str, block: int, result: tuple[int, ...], source: tuple[int, ...] = IMAGE) -> None:
    def write(draft: Any) -> bytes:
        one, other = draft.tensor(source, dtype), draft.tensor(result, dtype)
        kind = "SpaceToDepthOptions" if name == "SPACE_TO_DEPTH" else "DepthToSpaceOptions"
        draft.operator(
            name, [one], [other], 2 if dtype != "float32" and "SPACE_TO" in name else 1, kind=kind, blockSize=block
        )
        return bytes(draft.file([one], [other]))

    CASES[f"{name} {dtype} {block}"] = write


def unpacked(user: str) -> None:
    """float16 weights that a DEQUANTIZE unpacks, for an operator that the delegate takes and one that it does not."""

    def write(draft: Any) -> bytes:
        stored, weights = draft.tensor(IMAGE, "float16", values=1), draft.tensor(IMAGE)
        source, result = draft.tensor(IMAGE), draft.tensor(IMAGE)
        draft.operator("DEQUANTIZE", [stored], [weights], 3)
        draft.operator(user, [source, weights], [result], kind="AddOptions" if user == "ADD" else "PowOptions")
        return bytes(draft.file([source], [result]))

    CASES[f"DEQUANTIZE for {user}"] = write


for _dtype in ("float32", "int8", "uint8"):
    for _count in (1, 2, 5, 6):
        joined(_count, _dtype)
    for _count in (2, 3, 5):
        split(_count, _dtype)
    sliced("SLICE", _dtype)
    sliced("STRIDED_SLICE", _dtype)
    blocks("SPACE_TO_DEPTH", _dtype, 2, (1, 4, 4, 16))
    blocks("DEPTH_TO_SPACE", _dtype, 2, (1, 16, 16, 1))
    if _dtype != "uint8":
        transposed(_dtype)
        transposed(_dtype, bias=True)
        matrices(_dtype)
        matrices(_dtype, constant=True)
sliced("SLICE", "float32", last=-1, tag="open")
sliced("STRIDED_SLICE", "float32", step=2, tag="steps")
sliced("STRIDED_SLICE", "float32", shrink=1, tag="dropped axis")
joined(2, "uint8", other_scale=True)
transposed("float32", "int8")
matrices("float32", "int8", constant=True)
between("QUANTIZE", "float32", "int8")
between("QUANTIZE", "float32", "uint8")
between("QUANTIZE", "uint8", "int8")
between("DEQUANTIZE", "int8", "float32")
between("DEQUANTIZE", "uint8", "float32")
between("CAST", "float32", "int32", kind="CastOptions")
unpacked("ADD")
unpacked("POW")


@pytest.mark.parametrize("name", CASES)
def test_single_operators(new_draft: Any, predicted: Any, delegated: Any, name: str) -> None:
    file = CASES[name](new_draft())
    assert predicted(file) == delegated(file)


def test_left_over_operators_come_with_a_reason(new_draft: Any) -> None:
    file = CASES["AVERAGE_POOL_2D int8"](new_draft())
    assert left_over(read_tflite(file).main) == {0: "there is no kernel for int8"}
