"""Which parts of a newer file go with which of an older one."""

from __future__ import annotations

from dataclasses import dataclass, field

from .layout import Constant, Layout


@dataclass(frozen=True)
class Pairing:
    """Parts of the newer file by their place in it.

    Args:
        copies: (length, place in the older file) of what stands there as well.
        sources: place in the older file of what is alike: the same tensor with other values.
        scales: place in the older file of the scales of such a tensor.
    """

    copies: dict[int, tuple[int, int]] = field(default_factory=dict)
    sources: dict[int, int] = field(default_factory=dict)
    scales: dict[int, int] = field(default_factory=dict)


def pair(file: bytes, layout: Layout, base: bytes, older: Layout) -> Pairing:
    """Pairs tensors by name and shape, and where names differ by their order among tensors of the same shape.

    Args:
        file: the newer model.
        layout: of the newer model.
        base: the older model; empty where there is none.
        older: of the older model.
    """
    pairing = Pairing()
    contents = {base[one.start : one.start + one.length]: one.start for one in reversed(older.constants)}
    counterparts = _counterparts(layout.constants, older.constants)
    for one in layout.constants:
        same = contents.get(file[one.start : one.start + one.length])
        if same is not None:
            pairing.copies[one.start] = (one.length, same)
        other = counterparts.get(one.start)
        if other is None:
            continue
        pairing.sources[one.start] = other.start
        if one.scales is not None and other.scales is not None and one.scales.count == other.scales.count:
            pairing.scales[one.start] = other.scales.start
            pairing.sources[one.scales.start] = other.scales.start
    for scales in layout.scales:
        source = pairing.sources.get(scales.start)
        length = 4 * scales.count
        if source is not None and file[scales.start : scales.start + length] == base[source : source + length]:
            pairing.copies[scales.start] = (length, source)
    return pairing


def _counterparts(newer: tuple[Constant, ...], older: tuple[Constant, ...]) -> dict[int, Constant]:
    by_name = {(one.name, one.dtype, one.shape, one.axis): one for one in older}
    found = {one.start: by_name.get((one.name, one.dtype, one.shape, one.axis)) for one in newer}
    used = {one.start for one in found.values() if one is not None}
    spare: dict[tuple[object, ...], list[Constant]] = {}
    for one in older:
        if one.start not in used:
            spare.setdefault((one.dtype, one.shape, one.axis), []).append(one)
    for one in newer:
        alike = spare.get((one.dtype, one.shape, one.axis))
        if found[one.start] is None and alike:
            found[one.start] = alike.pop(0)
    return {start: one for start, one in found.items() if one is not None}
