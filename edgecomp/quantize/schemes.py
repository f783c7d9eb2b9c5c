"""The number formats a model can be shipped in."""

from __future__ import annotations

from typing import Literal, get_args

Scheme = Literal["int8", "float32", "float16", "dynamic", "int16x8"]
Io = Literal["int8", "float"]

SCHEMES: tuple[str, ...] = get_args(Scheme)
IOS: tuple[str, ...] = get_args(Io)

NEEDS_CALIBRATION = frozenset({"int8", "int16x8"})
"""Schemes whose activations are integers, so that their ranges have to be observed on samples first."""

DESCRIPTIONS = {
    "int8": "full integer: int8 activations, int8 weights per channel, int32 biases",
    "float32": "as trained",
    "float16": "float16 weights, float32 arithmetic",
    "dynamic": "int8 weights, activations quantized on the fly",
    "int16x8": "int16 activations, int8 weights per channel; no fast kernels in LiteRT",
}
