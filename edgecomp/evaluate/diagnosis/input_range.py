"""Was a file calibrated on inputs of another scale than those it is evaluated on?

The range that its input can hold is what calibration saw; the values that are fed tell what evaluation sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from edgecomp_runtime.contract import Contract

from ...tflite import Tensor, TfliteModel
from ..chunks import Chunk, Feeds
from .lost_columns import LostColumns, find_lost

MOST_CLIPPED = 0.2
"""Share of values outside the range: a mild outlier clips a few in a thousand."""

LEAST_USED = 1 / 8
"""Share of the range that the values span: at an eighth, three of the eight bits are wasted."""

WATCHED_SAMPLES = 500
MOST_COLUMNS = 4096
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


@dataclass(frozen=True, eq=False)
class _Seen:
    """The values of one input so far; float64 [columns] of a table or a series, [0] of other inputs."""

    low: float
    high: float
    outside: int
    count: int
    column_low: np.ndarray
    column_high: np.ndarray


@dataclass
class InputWatch:
    """Looks at the values that pass by on their way to a file.

    Args:
        representable: as `representable_inputs` gives it.
        steps: as `input_steps` gives them.
    """

    representable: dict[str, tuple[float, float]]
    steps: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def watching(self, chunks: Iterable[Chunk], contract: Contract) -> Iterator[Chunk]:
        """Passes samples through; only the first hundreds are looked at."""
        seen = 0
        for chunk in chunks:
            if seen < WATCHED_SAMPLES and self.representable:
                self._look(chunk.normalized(contract).values)
            seen += len(chunk)
            yield chunk

    def mismatches(self) -> list[Mismatch]:
        """The inputs whose values do not fit what the file was calibrated for."""
        found = []
        for name, seen in self._seen.items():
            ends = self.representable[name]
            used = (min(seen.high, ends[1]) - max(seen.low, ends[0])) / (ends[1] - ends[0])
            if seen.outside > MOST_CLIPPED * seen.count or (used < LEAST_USED and seen.high > seen.low):
                found.append(Mismatch(name, ends, (seen.low, seen.high), seen.outside / seen.count))
        return found

    def lost_columns(self) -> list[LostColumns]:
        """The inputs of which some columns are hardly more than one number once they are rounded."""
        found = [
            find_lost(name, self.steps[name], seen.column_low, seen.column_high)
            for name, seen in self._seen.items()
            if name in self.steps
        ]
        return [one for one in found if one is not None]

    def _look(self, feeds: Feeds) -> None:
        for name, (bottom, top) in self.representable.items():
            now = _look_at(feeds[name], bottom, top)
            before = self._seen.get(name)
            self._seen[name] = now if before is None else _joined(before, now)


def _look_at(values: np.ndarray, bottom: float, top: float) -> _Seen:
    slack = (top - bottom) / 255  # less than a step of int8 is rounding
    outside = int(((values < bottom - slack) | (values > top + slack)).sum())
    # Rows of a table and stretches of a series; the channels of a photo are of one kind.
    in_columns = values.ndim in (2, 3) and values.shape[-1] <= MOST_COLUMNS
    rows = values.reshape(-1, values.shape[-1] if in_columns else 1).astype(np.float64)
    ends = (rows.min(axis=0), rows.max(axis=0)) if in_columns else (np.zeros(0), np.zeros(0))
    return _Seen(float(values.min()), float(values.max()), outside, values.size, *ends)


def _joined(one: _Seen, other: _Seen) -> _Seen:
    return _Seen(
        min(one.low, other.low),
        max(one.high, other.high),
        one.outside + other.outside,
        one.count + other.count,
        np.minimum(one.column_low, other.column_low),
        np.maximum(one.column_high, other.column_high),
    )


def representable_inputs(model: TfliteModel) -> dict[str, tuple[float, float]]:
    """The range that each quantized input can hold, by its name; those that stay float are left out.

    An input that is float at the edge and quantized by the first operator counts by what that operator gives.
    """
    found = {name: _range(tensor) for name, tensor in _stored_inputs(model).items()}
    return {name: ends for name, ends in found.items() if ends is not None}


def input_steps(model: TfliteModel) -> dict[str, float]:
    """The real size of one step of each of these inputs, by its name."""
    stored = _stored_inputs(model)
    return {name: stored[name].quantization.scale[0] for name in representable_inputs(model)}  # type: ignore[union-attr]


def _stored_inputs(model: TfliteModel) -> dict[str, Tensor]:
    names = {index: name for name, index in model.signature.inputs} if model.signature else {}
    graph = model.main
    found = {}
    for tensor in model.inputs:
        readers = [operator for operator in graph.operators if tensor.index in operator.inputs]
        by_first = tensor.quantization is None and len(readers) == 1 and readers[0].name == "QUANTIZE"
        stored = graph.tensors[readers[0].outputs[0]] if by_first else tensor
        found[names.get(tensor.index, tensor.name)] = stored
    return found


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
