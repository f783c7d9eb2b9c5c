"""The integers of activations: which tensors share them, and whether training may move them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..tflite import Quantization, Subgraph, Tensor
from .pairing import CONVERSIONS, source_of

FIXED_SCALES = frozenset({"SOFTMAX", "LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION"})
"""Operators whose integer kernels know one output scale only:
https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec"""

_BITS = {"int8": 8, "int16": 16}


@dataclass(frozen=True)
class Grid:
    """Evenly spaced values, 0 among them, that one or several tensors are rounded to.

    Args:
        low: the least of them.
        high: the largest.
        bits: there are 2^bits.
        trained: whether training may move `low` and `high`.
        symmetric: whether 0 stays in the middle.
        tensors: names of the tensors of the float file whose range this is.
    """

    low: float
    high: float
    bits: int
    trained: bool
    symmetric: bool
    tensors: tuple[str, ...]


@dataclass(frozen=True)
class Grids:
    """The grids of a quantized file.

    Args:
        grids: all of them.
        by_tensor: place in `grids`, by index of a tensor of the quantized file.
        by_name: likewise by name of a tensor of the float file, where that tensor itself is stored as integers.
        inputs: for each input of the graph the grid that it is on, or None.
    """

    grids: tuple[Grid, ...]
    by_tensor: Mapping[int, int]
    by_name: Mapping[str, int]
    inputs: tuple[int | None, ...]

    def of_tensor(self, index: int) -> int | None:
        """The grid of a tensor of the quantized file."""
        return self.by_tensor.get(index)

    def of_name(self, name: str) -> int | None:
        """The grid that a tensor of the float file is rounded to where it is written."""
        return self.by_name.get(name)

    def behind_input(self, place: int) -> int | None:
        """The grid of the graph's input at `place`."""
        return self.inputs[place]


def find_grids(plain: Subgraph, quantized: Subgraph) -> Grids:
    """Finds the grids of a quantized graph.

    Two tensors of one operator with the very same scale and zero point share a grid: either the kernel insists on it,
    and then they have to move together, or it is chance, and then moving together does no harm.

    Args:
        plain: the float graph.
        quantized: what the quantizer made of it.
    """
    stored = {tensor.index: tensor for tensor in quantized.tensors if _on_grid(tensor)}
    groups = _shared(quantized, stored)
    own = {tensor.name for tensor in plain.tensors if tensor.dtype == "float32" and not tensor.is_constant}
    pinned = _pinned(quantized)
    symmetric = all(_of(stored[one]).zero_point[0] == 0 for one in stored if groups[one] not in _roots(groups, pinned))
    roots = list(dict.fromkeys(groups[index] for index in stored))
    members = {root: [index for index in stored if groups[index] == root] for root in roots}
    grids = []
    for root in roots:
        names = tuple(dict.fromkeys(name for one in members[root] for name in _names(quantized, one) if name in own))
        free = bool(names) and pinned.isdisjoint(members[root])
        grids.append(_grid(stored[root], names, trained=free, symmetric=symmetric and free))
    by_tensor = {index: roots.index(groups[index]) for index in stored}
    return Grids(
        grids=tuple(grids),
        by_tensor=by_tensor,
        by_name={stored[index].name: grid for index, grid in by_tensor.items() if stored[index].name in own},
        inputs=tuple(by_tensor.get(index) for index in quantized.inputs),
    )


def _grid(tensor: Tensor, names: tuple[str, ...], *, trained: bool, symmetric: bool) -> Grid:
    scale, zero, bits = _of(tensor).scale[0], _of(tensor).zero_point[0], _BITS[tensor.dtype]
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return Grid((lowest - zero) * scale, (highest - zero) * scale, bits, trained, symmetric, names)


def _on_grid(tensor: Tensor) -> bool:
    quantization = tensor.quantization
    return tensor.dtype in _BITS and not tensor.is_constant and quantization is not None and quantization.scale[0] > 0


def _of(tensor: Tensor) -> Quantization:
    assert tensor.quantization is not None
    return tensor.quantization


def _shared(graph: Subgraph, stored: Mapping[int, Tensor]) -> dict[int, int]:
    """For each tensor the least index among those that share its grid."""
    groups = {index: index for index in stored}
    for operator in graph.operators:
        if operator.name == "DEQUANTIZE":
            continue
        # A tensor that conversions of one float tensor write several times over shares the range of that tensor.
        own = [index for index in (*operator.inputs, *operator.outputs) if index in stored]
        for one in own:
            for other in own:
                if _of(stored[one]) == _of(stored[other]):
                    _join(groups, one, other)
    sources: dict[str, list[int]] = {}
    for index in stored:
        sources.setdefault(source_of(graph, index).source.name, []).append(index)
    for copies in sources.values():
        for other in copies[1:]:
            if _of(stored[copies[0]]) == _of(stored[other]):
                _join(groups, copies[0], other)
    return groups


def _join(groups: dict[int, int], one: int, other: int) -> None:
    least, dropped = sorted((groups[one], groups[other]))
    for index, root in groups.items():
        if root == dropped:
            groups[index] = least


def _pinned(graph: Subgraph) -> frozenset[int]:
    """Tensors whose integers training must leave alone: those a kernel fixes, and the graph's inputs.

    The range of an input is that of the data; moving it would only cost the gradient of the first layer's input.
    """
    fixed = {index for operator in graph.operators if operator.name in FIXED_SCALES for index in operator.outputs}
    entered = {one.outputs[0] for one in graph.operators if one.name in CONVERSIONS and one.inputs[0] in graph.inputs}
    return frozenset(fixed | entered | set(graph.inputs))


def _roots(groups: Mapping[int, int], indices: frozenset[int]) -> set[int]:
    return {groups[index] for index in indices if index in groups}


def _names(graph: Subgraph, index: int) -> tuple[str, ...]:
    """Names of the tensors whose range a tensor has: its own, and that of the float tensor it was converted from."""
    source = source_of(graph, index).source
    return (graph.tensors[index].name, *([source.name] if source.dtype == "float32" else []))
