"""The integers of activations: which tensors share them, and whether training may move them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..tflite import Quantization, Subgraph, Tensor
from .pairing import CONVERSIONS, Chain, chains_to

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
        chains: how each tensor of the quantized file came about, by index.
    """

    grids: tuple[Grid, ...]
    by_tensor: Mapping[int, int]
    by_name: Mapping[str, int]
    chains: Mapping[int, Chain]

    def of_tensor(self, index: int) -> int | None:
        """The grid of a tensor of the quantized file."""
        return self.by_tensor.get(index)

    def of_name(self, name: str) -> int | None:
        """The grid that a tensor of the float file is rounded to where it is written."""
        return self.by_name.get(name)


def find_grids(plain: Subgraph, quantized: Subgraph) -> Grids:
    """Finds the grids of a quantized graph.

    Two tensors of one operator with the very same scale and zero point share a grid: either the kernel insists on it,
    and then they have to move together, or it is chance, and then moving together does no harm.

    Args:
        plain: the float graph.
        quantized: what the quantizer made of it.
    """
    chains = chains_to(quantized)
    stored = {tensor.index: _of(tensor) for tensor in quantized.tensors if _on_grid(tensor)}
    own = {tensor.name for tensor in plain.tensors if tensor.dtype == "float32" and not tensor.is_constant}
    pinned = _pinned(quantized)
    groups = _groups(quantized, stored, chains)
    free = [members for members in groups if pinned.isdisjoint(members)]
    symmetric = all(stored[members[0]].zero_point[0] == 0 for members in free)
    grids = []
    for members in groups:
        sources = (chains[one].source.name for one in members if _has_range_of_source(chains[one]))
        names = tuple(dict.fromkeys(name for name in sources if name in own))
        grid = _grid(quantized.tensors[members[0]].dtype, stored[members[0]], names, symmetric=symmetric)
        grids.append(replace(grid, trained=bool(names) and members in free))
    by_tensor = {index: place for place, members in enumerate(groups) for index in members}
    names_of = {index: quantized.tensors[index].name for index in by_tensor}
    return Grids(
        grids=tuple(grids),
        by_tensor=by_tensor,
        by_name={names_of[index]: place for index, place in by_tensor.items() if names_of[index] in own},
        chains=chains,
    )


def _grid(dtype: str, quantization: Quantization, names: tuple[str, ...], *, symmetric: bool) -> Grid:
    """A grid that is not trained."""
    scale, zero, bits = quantization.scale[0], quantization.zero_point[0], _BITS[dtype]
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    low, high = (lowest - zero) * scale, (highest - zero) * scale
    return Grid(low, high, bits, trained=False, symmetric=symmetric and zero == 0, tensors=names)


def _on_grid(tensor: Tensor) -> bool:
    quantization = tensor.quantization
    return tensor.dtype in _BITS and not tensor.is_constant and quantization is not None and quantization.scale[0] > 0


def _of(tensor: Tensor) -> Quantization:
    assert tensor.quantization is not None
    return tensor.quantization


def _groups(graph: Subgraph, stored: Mapping[int, Quantization], chains: Mapping[int, Chain]) -> list[list[int]]:
    """The tensors on integers by the grid that they share, in the order of their indices."""
    root = {index: index for index in stored}

    def find(index: int) -> int:
        while root[index] != index:
            index = root[index]
        return index

    for together in _neighbours(graph, chains):
        first: dict[Quantization, int] = {}
        for index in together:
            if index in stored:
                one, other = sorted((find(first.setdefault(stored[index], index)), find(index)))
                root[other] = one
    groups: dict[int, list[int]] = {}
    for index in stored:
        groups.setdefault(find(index), []).append(index)
    return list(groups.values())


def _neighbours(graph: Subgraph, chains: Mapping[int, Chain]) -> Iterator[Sequence[int]]:
    """Tensors of which those with equal integers share a grid: of one operator, and converted from one tensor."""
    for operator in graph.operators:
        if operator.name not in CONVERSIONS:
            yield (*operator.inputs, *operator.outputs)
    copies: dict[int, list[int]] = {}
    for index, chain in chains.items():
        copies.setdefault(chain.source.index, []).append(index)
    yield from copies.values()


def _pinned(graph: Subgraph) -> frozenset[int]:
    """Tensors whose integers training must leave alone: those a kernel fixes, and the graph's inputs.

    The range of an input is that of the data; moving it would only cost the gradient of the first layer's input.
    """
    fixed = {index for operator in graph.operators if operator.name in FIXED_SCALES for index in operator.outputs}
    entered = {one.outputs[0] for one in graph.operators if one.name in CONVERSIONS and one.inputs[0] in graph.inputs}
    return frozenset(fixed | entered | set(graph.inputs))


def _has_range_of_source(chain: Chain) -> bool:
    """Whether a tensor on integers has the range of the tensor it comes from: it is that one, or that one is float."""
    return not chain.passed or chain.source.dtype == "float32"
