"""The number formats a model can be shipped in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scheme = Literal["int8", "float32", "float16", "dynamic", "int16x8", "int4", "dynamic4"]
Io = Literal["int8", "float"]

SCHEMES: tuple[str, ...] = get_args(Scheme)
IOS: tuple[str, ...] = get_args(Io)

DESCRIPTIONS = {
    "int8": "full integer: int8 activations, int8 weights per channel, int32 biases",
    "float32": "as trained",
    "float16": "float16 weights, float32 arithmetic",
    "dynamic": "int8 weights, activations quantized on the fly",
    "int16x8": "int16 activations, int8 weights per channel; no fast kernels in LiteRT",
    "int4": "int8 activations, int4 weights in convolutions and dense layers; smaller, no fast kernels in LiteRT",
    "dynamic4": "as dynamic, with int4 weights in dense layers; smaller, no fast kernels in LiteRT",
}


@dataclass(frozen=True)
class Integers:
    """How an integer scheme stores numbers. Operators go by litert-quantizer's names.

    Args:
        weights: bits of a weight.
        activations: bits of an activation; None where they stay float32 in the file.
        fewer: bits of the weights of operators that have kernels for fewer.
        per_tensor: operators whose weights share one scale even where others have one per output channel.
        left_float: operators that the quantizer could make integers of, but that then do not run everywhere.
    """

    weights: int
    activations: int | None
    fewer: tuple[tuple[str, int], ...] = ()
    per_tensor: tuple[str, ...] = ()
    left_float: tuple[str, ...] = ()


# What LiteRT 2.3.0 and tflite-runtime 2.14.0 were both seen to run, and to run right. In tflite-runtime dense layers
# with a scale per channel give zeros without a word where activations are float, and are refused where weights are
# int4; convolutions with int4 weights and float activations give NaN; what `left_float` names has no integer kernel.
INTEGERS = {
    "int8": Integers(weights=8, activations=8, left_float=("DIV", "SQRT")),
    "int16x8": Integers(weights=8, activations=16, left_float=("DIV", "SQRT", "RSQRT", "SUM", "GELU")),
    "int4": Integers(
        weights=8,
        activations=8,
        fewer=(("CONV_2D", 4), ("FULLY_CONNECTED", 4)),
        per_tensor=("FULLY_CONNECTED",),
        left_float=("DIV", "SQRT"),
    ),
    "dynamic": Integers(
        weights=8, activations=None, per_tensor=("FULLY_CONNECTED",), left_float=("CONV_2D_TRANSPOSE",)
    ),
    "dynamic4": Integers(
        weights=8,
        activations=None,
        fewer=(("FULLY_CONNECTED", 4),),
        per_tensor=("FULLY_CONNECTED",),
        left_float=("CONV_2D_TRANSPOSE",),
    ),
}
"""The schemes that store integers."""

NEEDS_CALIBRATION = frozenset(name for name, integers in INTEGERS.items() if integers.activations is not None)
"""Schemes whose activations are integers, so that their ranges have to be observed on samples first."""
