"""How a float file becomes integers: everything that decides the bytes, besides the scheme and the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Effort = Literal["low", "normal", "high"]
EFFORTS: tuple[str, ...] = get_args(Effort)

EFFORT_DESCRIPTIONS = {
    "low": "ranges of least error, nothing tried",
    "normal": "a handful of settings, the best of them on held-out calibration samples",
    "high": "also learns how weights are rounded where that takes long",
}

RangeMethod = Literal["minmax", "average", "percentile", "mse", "kl"]
RANGE_METHODS: tuple[str, ...] = get_args(RangeMethod)

Rounding = Literal["nearest", "learned"]
ROUNDINGS: tuple[str, ...] = get_args(Rounding)


@dataclass(frozen=True)
class Settings:
    """One way of making the integers.

    Args:
        ranges: how ranges of activations are chosen from what was observed.
        equalize: whether scales are moved between layers first, so that channels use their tensor's range alike.
        bias_correction: whether biases are shifted until each channel's mean is the float model's.
        rounding: "nearest", or "learned" from the error that rounding makes on calibration samples.
        float_operators: output tensors (in the float file) of operators that stay float.
        float_outputs: whether the outputs stay float although the inputs are integers.
    """

    ranges: RangeMethod = "mse"
    equalize: bool = False
    bias_correction: bool = False
    rounding: Rounding = "nearest"
    float_operators: tuple[str, ...] = ()
    float_outputs: bool = False

    def __str__(self) -> str:
        words = [f"{self.ranges} ranges"]
        words += ["channels equalized"] if self.equalize else []
        words += ["learned rounding"] if self.rounding == "learned" else []
        words += ["biases corrected"] if self.bias_correction else []
        words += [f"{len(self.float_operators)} operators at float"] if self.float_operators else []
        words += ["float outputs"] if self.float_outputs else []
        return ", ".join(words)
