"""Where a .tflite keeps what is worth coding apart from its tables."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..tflite import read_tflite
from ..tflite.model import Operator, Subgraph, Tensor, TfliteModel

# Where a table of type QuantizationParameters keeps the place of its scales.
_SCALES_SLOT = 8
# Less is left among the tables: naming it in the plan would cost more than coding it saves.
LEAST_WEIGHTS, LEAST_WORDS, LEAST_SCALES = 48, 8, 2


@dataclass(frozen=True)
class Scales:
    """A float32 vector of quantization scales: its place, and how many there are."""

    start: int
    count: int


@dataclass(frozen=True)
class Constant:
    """A tensor's stored values.

    Args:
        name: the tensor's.
        start, length: the stretch of the file, in bytes.
        dtype: as `Tensor.dtype`.
        shape: as `Tensor.shape`.
        axis: of its channels.
        scales: one for each channel, or None.
    """

    name: str
    start: int
    length: int
    dtype: str
    shape: tuple[int, ...]
    axis: int
    scales: Scales | None


@dataclass(frozen=True)
class ScaleProduct:
    """Bias scales, which are an operator's weight scales times its input's scale."""

    scales: Scales
    vector: int
    factor: int


@dataclass(frozen=True)
class Layout:
    """What was found; no two stretches overlap.

    Args:
        constants: tensors of dtypes that are coded apart, in the order of the file.
        scales: vectors of scales that have to be sent, in the order of the file.
        products: vectors of scales that follow from others.
    """

    constants: tuple[Constant, ...] = ()
    scales: tuple[Scales, ...] = ()
    products: tuple[ScaleProduct, ...] = ()


def find_layout(file: bytes) -> Layout:
    """Looks for constants and scales; finds nothing in what is not a whole .tflite."""
    try:
        model = read_tflite(file)
    except InputError:
        return Layout()
    return _Finder(file, model).layout()


class _Finder:
    def __init__(self, file: bytes, model: TfliteModel) -> None:
        from ai_edge_litert import schema_py_generated

        self._file = file
        self._address = _address(np.frombuffer(file, np.uint8))
        self._model = model
        self._stored = schema_py_generated.Model.GetRootAs(file, 0)

    def layout(self) -> Layout:
        pairs = [
            (tensor, self._scales(graph.index, tensor)) for graph in self._model.subgraphs for tensor in graph.tensors
        ]
        products = {one.scales: one for one in self._products()}
        vectors = {scales for _, scales in pairs if scales is not None and scales.count >= LEAST_SCALES}
        constants = {one.start: one for one in (self._constant(*pair) for pair in pairs) if one is not None}
        taken = _Taken()
        kept = tuple(one for _, one in sorted(constants.items()) if taken.add(one.start, one.length))
        ordered = [one for one in sorted(vectors, key=lambda one: one.start) if taken.add(one.start, 4 * one.count)]
        return Layout(
            constants=kept,
            scales=tuple(one for one in ordered if one not in products),
            products=tuple(products[one] for one in ordered if one in products),
        )

    def _scales(self, graph: int, tensor: Tensor) -> Scales | None:
        if tensor.quantization is None:
            return None
        table = self._stored.Subgraphs(graph).Tensors(tensor.index).Quantization()
        return Scales(int(table._tab.Vector(table._tab.Offset(_SCALES_SLOT))), table.ScaleLength())

    def _constant(self, tensor: Tensor, scales: Scales | None) -> Constant | None:
        least = _least_bytes(tensor)
        if not tensor.is_constant or tensor.sparse or tensor.external or len(tensor.buffer) < least:
            return None
        if tensor.dtype == "int4" and tensor.elements % 2 and tensor.buffer[-1] >> 4:
            return None  # the unused half of the last byte is not zero, and would not be restored
        channels = scales is not None and scales.count > 1 and tensor.quantization is not None
        axis = tensor.quantization.axis if channels and tensor.quantization else 0
        if channels and scales is not None and scales.count != tensor.shape[axis]:
            scales = None
        start = _address(np.frombuffer(tensor.buffer, np.uint8)) - self._address
        return Constant(
            tensor.name, start, len(tensor.buffer), tensor.dtype, tensor.shape, axis, scales if channels else None
        )

    def _products(self) -> Iterator[ScaleProduct]:
        for graph in self._model.subgraphs:
            for operator in graph.operators:
                yield from self._product(graph, operator)

    def _product(self, graph: Subgraph, operator: Operator) -> Iterator[ScaleProduct]:
        """Data, weights and bias are the last three or the first three inputs of every operator that has a bias."""
        tensors = [graph.tensors[index] if index >= 0 else None for index in operator.inputs]
        if len(tensors) < 3 or any(one is None for one in tensors[:3]):
            return
        scales = [self._scales(graph.index, one) if one is not None else None for one in tensors]
        bias, weights = scales[-1], scales[-2]
        data = scales[-3] if operator.name != "TRANSPOSE_CONV" else scales[2]
        if bias is None or weights is None or data is None or not 1 < bias.count == weights.count or data.count != 1:
            return
        product = self._floats(weights) * self._floats(data)
        if product.tobytes() == self._floats(bias).tobytes() and bias != weights:
            yield ScaleProduct(bias, weights.start, data.start)

    def _floats(self, scales: Scales) -> np.ndarray:
        return np.frombuffer(self._file, "<f4", scales.count, scales.start)


class _Taken:
    """Stretches that are spoken for; asked in any order."""

    def __init__(self) -> None:
        self._stretches: list[tuple[int, int]] = []

    def add(self, start: int, length: int) -> bool:
        """Takes a stretch, unless a part of it is taken."""
        place = bisect.bisect(self._stretches, (start, start + length))
        before_ends = place == 0 or self._stretches[place - 1][1] <= start
        after_starts = place == len(self._stretches) or start + length <= self._stretches[place][0]
        if before_ends and after_starts:
            self._stretches.insert(place, (start, start + length))
        return before_ends and after_starts


def _least_bytes(tensor: Tensor) -> float:
    if tensor.dtype in ("int8", "uint8", "int4"):
        return LEAST_WEIGHTS
    if tensor.dtype in ("float32", "float16", "int16") or (tensor.dtype == "int32" and tensor.quantization is not None):
        return LEAST_WORDS
    return float("inf")


def _address(data: np.ndarray) -> int:
    return int(data.__array_interface__["data"][0])
