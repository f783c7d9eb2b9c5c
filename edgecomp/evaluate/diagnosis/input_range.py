"""Was a file calibrated on inputs of another scale than those it is evaluated on?

The range that its input can hold is what calibration saw; the values that are fed tell what evaluation sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...tflite import Tensor, TfliteModel
from ..running import Feeds

MOST_CLIPPED = 0.2
"""Share of values outside the range: a mild outlier clips a few in a thousand."""

LEAST_USED = 1 / 8
"""Share of the range that the values span: at an eighth, three of the eight bits are wasted."""

WATCHED_SAMPLES = 500
NEAR = 0.15

_SCALES = {
    "0..255 (none)": (0.0, 255.0),
    "0..1": (0.0, 1.0),
    "-1..1": (-1.0, 1.0),
    "imagenet-torch": (-2.118, 2.64),
    "imagenet-caffe": (-123.68, 151.061),
}
"""Where raw values of 0 to 255 end up; a mean and a standard deviation by channel give the outermost ones."""


@dataclass(frozen=True)
class Mismatch:
    """An input that was calibrated on another scale.

    Args:
        name: of the input.
        representable: smallest and largest value that the file can hold.
        seen: smallest and largest value that was fed.
        clipped_share: share of the values fed that lie outside, 0 to 1.
    """

    name: str
    representable: tuple[float, float]
    seen: tuple[float, float]
    clipped_share: float


@dataclass
class InputWatch:
    """Looks at the values that pass by on their way to a file.

    Args:
        representable: as `representable_inputs` gives it.
    """

    representable: dict[str, tuple[float, float]]
    _seen: dict[str, tuple[float, float, int, int]] = field(default_factory=dict)

    def watching(self, stream: Iterable[tuple[Feeds, Any]]) -> Iterator[tuple[Feeds, Any]]:
        """Passes samples through; only the first hundreds are looked at."""
        for number, (feeds, label) in enumerate(stream):
            if number < WATCHED_SAMPLES:
                self._look(feeds)
            yield feeds, label

    def mismatches(self) -> list[Mismatch]:
        """The inputs whose values do not fit what the file was calibrated for."""
        found = []
        for name, (low, high, outside, count) in self._seen.items():
            ends = self.representable[name]
            used = (min(high, ends[1]) - max(low, ends[0])) / (ends[1] - ends[0])
            if outside > MOST_CLIPPED * count or (used < LEAST_USED and high > low):
                found.append(Mismatch(name, ends, (low, high), outside / count))
        return found

    def _look(self, feeds: Feeds) -> None:
        for name, (bottom, top) in self.representable.items():
            values = feeds[name]
            slack = (top - bottom) / 255  # less than a step of int8 is rounding
            outside = int(((values < bottom - slack) | (values > top + slack)).sum())
            low, high, before, count = self._seen.get(name, (np.inf, -np.inf, 0, 0))
            self._seen[name] = (
                min(low, float(values.min())),
                max(high, float(values.max())),
                before + outside,
                count + values.size,
            )


def representable_inputs(model: TfliteModel) -> dict[str, tuple[float, float]]:
    """The range that each quantized input can hold, by its name; those that stay float are left out.

    An input that is float at the edge and quantized by the first operator counts by what that operator gives.
    """
    names = {index: name for name, index in model.signature.inputs} if model.signature else {}
    graph = model.main
    ranges = {}
    for tensor in model.inputs:
        readers = [operator for operator in graph.operators if tensor.index in operator.inputs]
        stored = tensor
        if tensor.quantization is None and len(readers) == 1 and readers[0].name == "QUANTIZE":
            stored = graph.tensors[readers[0].outputs[0]]
        ends = _range(stored)
        if ends is not None:
            ranges[names.get(tensor.index, tensor.name)] = ends
    return ranges


def mismatch_words(found: Mismatch) -> str:
    """The finding in a sentence or two."""
    (low, high), (least, most) = found.seen, found.representable
    how = (
        f"{found.clipped_share:.0%} of the values fed to input {found.name} lie outside of what the file can hold there"
        if found.clipped_share > MOST_CLIPPED
        else f"the values fed to input {found.name} use {(high - low) / (most - least):.1%} of what the file can hold"
    )
    fed, calibrated = _scale_name(low, high), _scale_name(least, most)
    names = f"; that looks like calibration with {calibrated} and evaluation with {fed}" if fed and calibrated else ""
    return (
        f"Preprocessing differs between calibration and evaluation: {how} ({low:.4g} to {high:.4g} against {least:.4g} "
        f"to {most:.4g}){names}; give the --preprocess that the file was calibrated with, or evaluate its bundle"
    )


def _range(tensor: Tensor) -> tuple[float, float] | None:
    quantization = tensor.quantization
    if quantization is None or len(quantization.scale) != 1 or tensor.dtype not in ("int8", "uint8", "int16"):
        return None
    limits, step, zero = np.iinfo(tensor.dtype), quantization.scale[0], quantization.zero_point[0]
    return (step * (int(limits.min) - zero), step * (int(limits.max) - zero)) if step else None


def _scale_name(low: float, high: float) -> str | None:
    """The usual scale that ends near these two."""
    for name, (least, most) in _SCALES.items():
        slack = NEAR * (most - least)
        if abs(low - least) <= slack and abs(high - most) <= slack:
            return name
    return None
