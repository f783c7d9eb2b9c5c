"""Writes what the device package's `read_plan` reads."""

from __future__ import annotations

from edgecomp_runtime.transport.plan import (
    COPY,
    PRODUCT,
    WEIGHTS,
    WORDS,
    Array,
    Copy,
    Grouping,
    Product,
    Weights,
    Words,
    regions_of,
)


def write_plan(arrays: list[Array]) -> bytes:
    """The plan's bytes."""
    written = bytearray(_number(len(arrays)))
    near = 0
    for array in arrays:
        if isinstance(array, Words):
            written += _number(WORDS) + _words(array, near)
        else:
            kind = COPY if isinstance(array, Copy) else PRODUCT if isinstance(array, Product) else WEIGHTS
            written += _number(kind) + _place(array.start, near) + _number(array.length) + _rest(array)
        near = sum(regions_of(array)[-1])
    return bytes(written)


def _rest(array: Copy | Product | Weights) -> bytes:
    if isinstance(array, Copy):
        return _place(array.source, array.start)
    if isinstance(array, Product):
        return _place(array.vector, array.start) + _place(array.factor, array.start)
    return _weights(array)


def _words(array: Words, near: int) -> bytes:
    flags = (array.width == 4) | array.floating << 1 | bool(array.codebook) << 2 | bool(array.sources) << 3
    written = bytearray(_number(flags) + _number(len(array.regions)))
    for index, (start, length) in enumerate(array.regions):
        written += _place(start, near) + _number(length // array.width)
        near = start + length
        if array.sources:
            written += _place(array.sources[index], start)
    if array.codebook:
        written += _number(len(array.codebook) // array.width - 1) + array.codebook
    return bytes(written) + b"".join(map(_number, array.strengths))


def _weights(array: Weights) -> bytes:
    flags = array.nibbles | array.flat << 1 | array.grid << 2 | bool(array.codebook) << 3
    flags |= (array.scales is not None) << 4 | (array.source is not None) << 5 | (array.source_scales is not None) << 6
    flags |= (array.zeros is not None) << 7 | (array.taps is not None) << 8
    numbers = [
        *(flags, len(array.shape), *array.shape, *(_grouping(array.zeros) if array.zeros else ())),
        *(*_grouping(array.values), array.spread, array.strength, array.alphabet - 1),
        *(() if array.codebook else (array.lowest + 128,)),
    ]
    written = b"".join(map(_number, numbers)) + array.codebook
    if array.taps is not None:
        written += b"".join(map(_number, (array.taps.step - 1, array.taps.reach - 1, array.taps.slope)))
    if array.scales is not None:
        written += _number(array.axis) + _place(array.scales, array.start)
    for source in (array.source, array.source_scales):
        written += b"" if source is None else _place(source, array.start)
    return written


def _grouping(grouping: Grouping) -> list[int]:
    axes = sum(1 << axis for axis in grouping.axes)
    return [axes, *grouping.centres, grouping.offset, grouping.contexts - 1] if axes else [0]


def _number(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def _place(value: int, near: int) -> bytes:
    away = value - near
    return _number(2 * away if away >= 0 else -2 * away - 1)
