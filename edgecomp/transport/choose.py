"""Decides how each part of a file is coded."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from edgecomp_runtime.transport.plan import (
    MAX_AXES,
    MAX_CHANNELS,
    MAX_REGIONS,
    Array,
    Copy,
    Product,
    Weights,
    regions_of,
)

from ..tflite.int4 import unpack_int4
from .candidates import best
from .lane_encoder import LaneEncoder
from .layout import Constant, Layout, find_layout
from .pairing import Pairing, pair
from .words import MOST_ENTRIES, best_words

# Float tensors below this share one set of tables, which each alone would be too short to learn.
SHARED_BYTES = 1 << 14
# Repeated stretches, which only LZMA sees, are looked for up to this length, and from this one on.
_LEAST_REPEATING, _MOST_REPEATING = 1 << 10, 1 << 22
_WORTH_A_LOOK = 1 << 15


class CodedArray(Protocol):
    """Something with a plan that can put its symbols on the lanes, at a price in bytes."""

    @property
    def plan(self) -> Array: ...

    @property
    def nbytes(self) -> float: ...

    def put(self, lanes: LaneEncoder) -> None: ...


@dataclass(frozen=True)
class _Symbolless:
    """An array that the plan alone restores."""

    plan: Array
    nbytes: float = 0.0

    def put(self, lanes: LaneEncoder) -> None:
        pass


def chosen_arrays(file: bytes, base: bytes) -> list[CodedArray]:
    """What is taken out of the file, in the order in which it is restored: scales go before what needs them.

    Args:
        file: the model.
        base: the older model; empty where there is none.
    """
    layout = find_layout(file)
    pairing = pair(file, layout, base, find_layout(base) if base else Layout())
    arrays = _arrays(np.frombuffer(file, np.uint8), np.frombuffer(base, np.uint8), layout, pairing)
    return [one for one in arrays if not _repeats(file, one)]


def _repeats(file: bytes, array: CodedArray) -> bool:
    """Whether LZMA alone would do better, so that the array is best left among the tables."""
    stretches = b"".join(file[start : start + length] for start, length in regions_of(array.plan))
    if not _LEAST_REPEATING <= len(stretches) <= _MOST_REPEATING or array.nbytes == 0:
        return False
    # Where there are enough of them, a quick look finds them, too.
    if len(stretches) >= _WORTH_A_LOOK and _packed_size(stretches, 0) > array.nbytes:
        return False
    return _packed_size(stretches, 6) < array.nbytes


def _packed_size(content: bytes, preset: int) -> int:
    size = max(4096, len(content))
    settings = [{"id": lzma.FILTER_LZMA1, "preset": preset, "lc": 0, "lp": 2, "dict_size": size}]
    return len(lzma.compress(content, lzma.FORMAT_RAW, filters=settings))


def _arrays(file: np.ndarray, base: np.ndarray, layout: Layout, pairing: Pairing) -> Iterator[CodedArray]:
    for start, (length, source) in sorted(pairing.copies.items()):
        yield _Symbolless(Copy(start, length, source))
    scales = [(one.start, 4 * one.count) for one in layout.scales if one.start not in pairing.copies]
    yield from _words(file, base, scales, pairing, np.dtype("<u4"), floating=True)
    for one in layout.products:
        if one.scales.start not in pairing.copies:
            yield _Symbolless(Product(one.scales.start, 4 * one.scales.count, one.vector, one.factor))
    left = [one for one in layout.constants if one.start not in pairing.copies]
    yield from _word_constants(file, base, left, pairing)
    for constant in left:
        if constant.dtype in ("int8", "uint8", "int4"):
            yield _weights(file, base, constant, pairing)


def _word_constants(
    file: np.ndarray, base: np.ndarray, constants: list[Constant], pairing: Pairing
) -> Iterator[CodedArray]:
    for dtype, stored, floating in (
        ("int32", "<u4", False),
        ("int16", "<u2", False),
        ("float32", "<u4", True),
        ("float16", "<u2", True),
    ):
        regions = [(one.start, one.length) for one in constants if one.dtype == dtype]
        shared = [one for one in regions if one[1] < SHARED_BYTES]
        for group in [shared, *([one] for one in regions if one[1] >= SHARED_BYTES)]:
            yield from _words(file, base, group, pairing, np.dtype(stored), floating=floating)


def _words(
    file: np.ndarray,
    base: np.ndarray,
    regions: list[tuple[int, int]],
    pairing: Pairing,
    dtype: np.dtype[np.unsignedinteger],
    *,
    floating: bool,
) -> Iterator[CodedArray]:
    """The regions, those that have a counterpart in the base apart from those that have none."""
    new = tuple(one for one in regions if one[0] not in pairing.sources)[:MAX_REGIONS]
    old = tuple(one for one in regions if one[0] in pairing.sources)[:MAX_REGIONS]
    if new:
        yield best_words(new, _gathered(file, new, dtype), floating=floating)
    if old:
        sources = tuple(pairing.sources[start] for start, _ in old)
        before = tuple((source, length) for source, (_, length) in zip(sources, old, strict=True))
        changes = _gathered(file, old, dtype) - _gathered(base, before, dtype)
        delta = best_words(old, changes, floating=False, sources=sources)
        whole = best_words(old, _gathered(file, old, dtype), floating=floating)
        yield min(delta, whole, key=lambda one: one.nbytes)


def _gathered(
    data: np.ndarray, regions: tuple[tuple[int, int], ...], dtype: np.dtype[np.unsignedinteger]
) -> np.ndarray:
    return np.concatenate([data[start : start + length] for start, length in regions]).view(dtype)


def _weights(file: np.ndarray, base: np.ndarray, constant: Constant, pairing: Pairing) -> CodedArray:
    shape, scales = constant.shape, None
    if len(shape) > MAX_AXES:
        shape = (int(np.prod(shape)),)
    elif constant.scales is not None and constant.scales.count <= MAX_CHANNELS:
        scales = constant.scales.start
    source = pairing.sources.get(constant.start)
    plan = Weights(
        start=constant.start,
        length=constant.length,
        shape=shape,
        nibbles=constant.dtype == "int4",
        axis=constant.axis if scales is not None else 0,
        scales=scales,
        source=source,
        source_scales=pairing.scales.get(constant.start) if scales is not None and source is not None else None,
    )
    stored = file[constant.start : constant.start + constant.length]
    values = unpack_int4(stored, int(np.prod(constant.shape))) if plan.nibbles else stored.copy().view(np.int8)
    found: list[CodedArray] = [best(replace(plan, source=None, source_scales=None), values, file, base)]
    found += _neighbours(constant, stored)
    if source is not None:
        found.append(best(plan, values, file, base))
    return min(found, key=lambda one: one.nbytes)


def _neighbours(constant: Constant, stored: np.ndarray) -> Iterator[CodedArray]:
    """Two or four weights at a time, where few such groups occur: as a codebook of groups leaves them."""
    for dtype in (np.dtype("<u2"), np.dtype("<u4")):
        if len(stored) % dtype.itemsize == 0:
            groups = stored.copy().view(dtype)
            if 1 < len(np.unique(groups)) <= MOST_ENTRIES:
                yield best_words(((constant.start, constant.length),), groups, floating=False)
