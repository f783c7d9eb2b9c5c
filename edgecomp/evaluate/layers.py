"""How much each layer's result suffers from quantization: both files side by side, every tensor kept.

Runs in a worker process.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite, isnan
from typing import Any

import numpy as np
from edgecomp_runtime.quantization import dequantize
from edgecomp_runtime.tensors import read_tensors

from ..tflite import Subgraph, Tensor, TfliteModel, read_tflite
from .metrics import sqnr_db

Feeds = Mapping[str, np.ndarray]

HISTOGRAMS = 6
HISTOGRAM_BINS = 64

MIN_ENERGY = 1e-20
"""Below it float32 loses what each square adds."""

_STORED = ("int8", "uint8", "int16")


@dataclass(frozen=True)
class Histogram:
    """How often values fall into each of equally wide bins from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class LayerError:
    """What quantization does to one tensor.

    Args:
        sqnr_db: signal to quantization noise ratio in dB, of all the error that arrives here; None where there is
            none, or no signal.
        own_sqnr_db: the same of what this layer adds to the error of its worst input; None where it adds none.
        range: smallest and largest value in the float file; None where some are not finite.
        representable: smallest and largest value that the quantized tensor can hold; None for a float tensor.
        clipped_share: share of the float file's values that lie outside `representable` by more than one quantization
            step, 0 to 1. Less than a step cannot be told from rounding: an int8 softmax ends at 255/256 by definition.
        histogram: of the float file's values, over `range` and `representable`; only for the layers that add the most.
    """

    sqnr_db: float | None
    own_sqnr_db: float | None
    range: tuple[float, float] | None
    representable: tuple[float, float] | None
    clipped_share: float | None
    histogram: Histogram | None = None

    def to_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        histogram = self.histogram
        return {
            **asdict(self),
            "range": _listed(self.range),
            "representable": _listed(self.representable),
            "histogram": {**asdict(histogram), "counts": list(histogram.counts)} if histogram else None,
        }


def _listed(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else list(ends)


def layer_errors(
    reference: bytes, compressed: bytes, *, threads: int, samples: Sequence[Feeds]
) -> dict[str, LayerError]:
    """Measures every float tensor that both files compute by the same name.

    Args:
        reference: the float .tflite.
        compressed: the quantized .tflite.
        threads: threads of each interpreter.
        samples: a few, by input name, float32 or integer arrays of the inputs' shapes; each is run twice.

    Returns:
        What was found, by tensor name, in the order in which the tensors are computed.
    """
    models = [read_tflite(reference), read_tflite(compressed)]
    names = _shared_names(*models)
    sides = [_Side(data, model, names, threads) for data, model in zip((reference, compressed), models, strict=True)]
    tallies = {name: _Tally(sides[1].tensors[name]) for name in names}
    inputs = {tensor.name: _Tally(tensor) for tensor in models[0].inputs}
    for feeds in samples:
        for side in sides:
            side.run(feeds)
        for name, tally in tallies.items():
            tally.add(sides[0].value(name), sides[1].value(name))
        for tally, exact, got in zip(inputs.values(), sides[0].fed(feeds), sides[1].fed(feeds), strict=True):
            tally.add(exact, got)
    own = _own_errors(models[0].main, {**inputs, **tallies})
    histograms = _histograms(sides[0], tallies, _worst(own), samples)
    return {name: tally.result(own.get(name, 0.0), histograms.get(name)) for name, tally in tallies.items()}


def _shared_names(reference: TfliteModel, compressed: TfliteModel) -> list[str]:
    """Names of float tensors of the one that the other computes too, in the order of computation."""
    known = set(_computed(compressed.main))
    return [name for name, tensor in _computed(reference.main).items() if tensor.dtype == "float32" and name in known]


def _computed(graph: Subgraph) -> dict[str, Tensor]:
    """What operators give, by name; a name that two tensors have tells neither."""
    tensors = [graph.tensors[index] for operator in graph.operators for index in operator.outputs]
    times = Counter(tensor.name for tensor in tensors)
    return {tensor.name: tensor for tensor in tensors if times[tensor.name] == 1}


class _Side:
    """One of the two files, with its tensors after each run."""

    def __init__(self, data: bytes, model: TfliteModel, names: Collection[str], threads: int) -> None:
        computed = _computed(model.main)
        self.tensors = {name: computed[name] for name in names}
        self._interpreter = _interpreter(data, threads)
        inputs = {tensor.index: tensor for tensor in read_tensors(self._interpreter)[0]}
        named = model.signature.inputs if model.signature else [(one.name, one.index) for one in model.inputs]
        feeds = {index: name for name, index in named}
        self._inputs = [(feeds[index], inputs[index]) for index in model.main.inputs]

    def run(self, feeds: Feeds) -> None:
        """Runs one sample."""
        for name, tensor in self._inputs:
            self._interpreter.set_tensor(tensor.index, tensor.encode(feeds[name]))
        self._interpreter.invoke()

    def fed(self, feeds: Feeds) -> list[np.ndarray]:
        """The inputs' real values as the file gets them, in the order of the graph."""
        return [tensor.decode(tensor.encode(feeds[name])) for name, tensor in self._inputs]

    def value(self, name: str) -> np.ndarray | None:
        """A tensor's real values after the last run; None where they are not numbers or were not kept."""
        tensor = self.tensors[name]
        try:
            stored: np.ndarray = self._interpreter.get_tensor(tensor.index)
        except ValueError:
            return None
        if stored.dtype == np.float32:
            return stored
        if _step(tensor) is None:
            return None
        assert tensor.quantization is not None
        return dequantize(stored, tensor.quantization.scale[0], tensor.quantization.zero_point[0])


def _interpreter(data: bytes, threads: int) -> Any:
    """Keeps every tensor. To return them all as outputs is faster to run, but repacking a file takes what few save."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "intended for debugging purposes only": this is that purpose
        interpreter = Interpreter(model_content=data, num_threads=threads, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    return interpreter


def _step(tensor: Tensor) -> float | None:
    """Real size of one quantization step of a tensor of activations; None for one that is not quantized."""
    if tensor.quantization is None or len(tensor.quantization.scale) != 1 or tensor.dtype not in _STORED:
        return None
    return tensor.quantization.scale[0] or None


def _representable(tensor: Tensor) -> tuple[float, float] | None:
    step = _step(tensor)
    if step is None or tensor.quantization is None:
        return None
    limits, zero_point = np.iinfo(tensor.dtype), tensor.quantization.zero_point[0]
    return step * (int(limits.min) - zero_point), step * (int(limits.max) - zero_point)


class _Tally:
    """Sums over all samples of one tensor."""

    def __init__(self, quantized: Tensor) -> None:
        self.representable = _representable(quantized)
        self._step = _step(quantized) or 0.0
        self._signal = self._noise = 0.0
        self._low, self._high = inf, -inf
        self._clipped = self._count = 0
        self._finite = True

    def add(self, exact: np.ndarray | None, got: np.ndarray | None) -> None:
        """Counts one sample's values of the float and of the quantized file; integers have no error to count."""
        if exact is None or got is None or exact.shape != got.shape or exact.dtype != np.float32:
            return
        low, high = float(exact.min(initial=inf)), float(exact.max(initial=-inf))
        self._finite &= not (isnan(low) or low == -inf or high == inf)
        if not self._finite or not exact.size:
            return
        self._signal += _energy(exact)
        self._noise += _energy(exact - got)
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._count += exact.size
        if self._step and self.representable is not None:
            bottom, top = self.representable[0] - self._step, self.representable[1] + self._step
            # Most tensors clip nothing, and their ends tell.
            self._clipped += int(np.count_nonzero(exact < bottom)) if low < bottom else 0
            self._clipped += int(np.count_nonzero(exact > top)) if high > top else 0

    @property
    def noise_share(self) -> float | None:
        """Energy of the error against that of the signal; None where there is no signal, or it was not measured."""
        return self._noise / self._signal if self._finite and self._signal and isfinite(self._noise) else None

    @property
    def span(self) -> tuple[float, float] | None:
        """Smallest and largest value; None where there is none, or one that is not finite."""
        return (self._low, self._high) if self._finite and self._count else None

    def result(self, own_share: float, histogram: Histogram | None) -> LayerError:
        """What the report has of it."""
        share = self.noise_share
        return LayerError(
            sqnr_db=None if share is None else sqnr_db(1.0, share),
            own_sqnr_db=sqnr_db(1.0, own_share),
            range=self.span,
            representable=self.representable,
            clipped_share=self._clipped / self._count if self.representable and self.span else None,
            histogram=histogram,
        )


def _energy(values: np.ndarray) -> float:
    """Sum of squares. In float32, which is several times as fast and right to six digits, where that can hold it."""
    flat = values.reshape(-1)
    energy = float(np.dot(flat, flat))
    return energy if MIN_ENERGY < energy < inf else float(np.sum(np.square(flat, dtype=np.float64)))


def _own_errors(graph: Subgraph, tallies: Mapping[str, _Tally]) -> dict[str, float]:
    """The share of noise that each operator's output has above the worst of its inputs."""
    own = {}
    for operator in graph.operators:
        arriving = [_share(tallies, tensor) for tensor in graph.tensors_of(operator.inputs)]
        for tensor in graph.tensors_of(operator.outputs):
            own[tensor.name] = max(0.0, _share(tallies, tensor) - max(arriving, default=0.0))
    return own


def _share(tallies: Mapping[str, _Tally], tensor: Tensor) -> float:
    tally = tallies.get(tensor.name)
    return (tally.noise_share if tally else None) or 0.0


def _worst(own: Mapping[str, float]) -> list[str]:
    """The tensors at which most error is added."""
    adding = [name for name, share in own.items() if share > 0]
    return sorted(adding, key=lambda name: -own[name])[:HISTOGRAMS]


def _histograms(
    side: _Side, tallies: Mapping[str, _Tally], names: Sequence[str], samples: Sequence[Feeds]
) -> dict[str, Histogram]:
    """Runs the float file once more, now that the ranges are known."""
    bounds = {name: _bounds(tallies[name]) for name in names if tallies[name].span is not None}
    bounds = {name: (low, high) for name, (low, high) in bounds.items() if low < high}
    counts = {name: np.zeros(HISTOGRAM_BINS, np.int64) for name in bounds}
    for feeds in samples if bounds else ():
        side.run(feeds)
        for name, (low, high) in bounds.items():
            values = side.value(name)
            if values is not None:
                counts[name] += _counts(values, low, high)
    return {name: Histogram(*bounds[name], tuple(counts[name].tolist())) for name in bounds}


def _counts(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """How many values fall into each bin: `np.histogram` in a fifth of its time, since all bins are equally wide."""
    places = (values.reshape(-1) - np.float32(low)) * np.float32(HISTOGRAM_BINS / (high - low))
    bins = places.clip(0, HISTOGRAM_BINS - 1).astype(np.uint8)
    return np.bincount(bins, minlength=HISTOGRAM_BINS)


def _bounds(tally: _Tally) -> tuple[float, float]:
    ends = [*(tally.span or ()), *(tally.representable or ())]
    return min(ends), max(ends)
